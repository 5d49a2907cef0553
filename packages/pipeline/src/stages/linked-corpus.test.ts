import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect } from "@kgraft/runtime";
import { type TextExample, writeExamples } from "@kgraft/text";
import { afterAll, beforeAll, expect, it } from "vitest";
import { examplesOf, openLinkedCorpus } from "./linked-corpus.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-linked-"));
});
afterAll(() => rm(folder, { recursive: true }));

const examples: readonly TextExample[] = [
  { id: "a", text: "😀 Marie Curie", mentions: [{ start: 3, end: 14, entity: "Q7186", score: 0.5 }], labels: ["x"] },
  { id: "b", text: "born", pair: "in Warsaw", spans: [{ start: 0, end: 4, label: "verb" }] },
  {
    id: "c",
    text: "It rains",
    target: { start: 0, end: 2 },
    dependencies: [
      { start: 0, end: 2, head: 1 },
      { start: 3, end: 8, head: -1 },
    ],
  },
  {
    id: "d",
    text: "",
    triple: {
      head: { id: "h", text: "Curie" },
      relation: { id: "r", text: "born in" },
      tail: { id: "t", text: "Warsaw" },
    },
  },
];

it("gives the same examples, with all that they have, from memory and from the file", async () => {
  const path = join(folder, "corpus.jsonl");
  await writeExamples(path, examples);
  for (const held of [1 << 20, 0]) {
    const { source, close } = await openLinkedCorpus(path, undefined, held);
    expect(Array.isArray(source)).toBe(held > 0);
    expect(await collect(examplesOf(source))).toEqual(examples);
    expect(await source.at(2)).toEqual(examples[2]);
    await close();
  }
});

it("changes each example as it is told to", async () => {
  const path = join(folder, "changed.jsonl");
  await writeExamples(path, examples);
  for (const held of [1 << 20, 0]) {
    const { source, close } = await openLinkedCorpus(path, ({ id, text }) => ({ id: `${id}!`, text }), held);
    expect((await collect(examplesOf(source))).map(({ id }) => id)).toEqual(["a!", "b!", "c!", "d!"]);
    await close();
  }
});
