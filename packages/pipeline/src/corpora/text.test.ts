import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { collect, silent } from "@kgraft/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CorpusNeeds } from "./corpus-definition.ts";
import { text } from "./text.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-text-"));
  await writeFile(join(folder, "a.txt"), "One line.\nTwo lines.\n\nLast.\n");
  await writeFile(join(folder, "b.jsonl.gz"), gzipSync('{"text": "x", "url": "u"}\nbroken\n{"text": "y"}\n'));
});
afterAll(() => rm(folder, { recursive: true }));

const refuse = () => Promise.reject(new Error("not asked for"));
const notes: string[] = [];
const needs: CorpusNeeds = {
  graph: refuse,
  linker: refuse,
  leaveOut: [{ text: "Last." }],
  progress: { ...silent, note: (note) => notes.push(note) },
};
const read = async (options: object): Promise<string[]> =>
  (await collect(text.create(text.options.parse(options), needs))).map((example) => example.text);

it("reads plain text by paragraphs or lines, without the texts that are left out", async () => {
  const path = join(folder, "a.txt");
  expect(await read({ path })).toEqual(["One line.\nTwo lines."]);
  expect(await read({ path, documentEnd: "line" })).toEqual(["One line.", "Two lines."]);
});

it("reads several files, and names, counts and tells what is broken", async () => {
  const path = ["a.txt", "b.jsonl.gz"].map((name) => join(folder, name));
  await expect(read({ path })).rejects.toThrow(`${path[1]}:2: is not JSON`);
  expect(notes).toEqual([]);
  expect(await read({ path, onError: "skip" })).toEqual(["One line.\nTwo lines.", "x", "y"]);
  expect(notes).toEqual([expect.stringContaining("1 broken line skipped")]);
});
