import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGraph, type Graph } from "@kgraft/kg";
import { collect, silent } from "@kgraft/runtime";
import { type TextExample, writeExamples } from "@kgraft/text";
import { expect, it, onTestFinished } from "vitest";
import { conllu } from "./conllu.ts";
import type { CorpusNeeds } from "./corpus-definition.ts";
import { tripleSentences } from "./triple-sentences.ts";

const surfaces = { Casta: "Q1", Talvera: "Q2", Orin: "Q3" } as const;

function graph(): Promise<Graph> {
  return buildGraph("archipelago", {
    entities: Object.entries(surfaces).map(([label, id]) => ({ id, label, aliases: [], types: [], properties: {} })),
    triples: [
      { head: "Q1", relation: "partOf", tail: "Q2" },
      { head: "Q3", relation: "near", tail: "Q1" },
    ],
  });
}

const mentionsOf = (text: string) =>
  Object.entries(surfaces).flatMap(([surface, entity]) => {
    const start = text.indexOf(surface);
    return start === -1 ? [] : [{ start, end: start + surface.length, entity }];
  });

/** Reads the sentences of a file of these examples. */
async function sentencesOf(
  examples: readonly TextExample[],
  options: Readonly<Record<string, unknown>> = {},
  needs: Partial<CorpusNeeds> = {},
): Promise<readonly TextExample[]> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-corpora-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "text.jsonl");
  await writeExamples(path, examples);
  const given = tripleSentences.options.parse({ of: { name: "jsonl", path }, ...options });
  const linker = () => Promise.reject(new Error("no linker is asked for"));
  return collect(tripleSentences.create(given, { graph, linker, leaveOut: [], progress: silent, ...needs }));
}

const linked = (id: string, text: string): TextExample => ({ id, text, mentions: mentionsOf(text) });
const targetsOf = ({ text, targets = [] as never }: TextExample) =>
  targets.map(({ start, end }) => text.slice(start, end));

it("marks two mentions between which the graph has a triple, and leaves the other sentences out", async () => {
  const found = await sentencesOf([
    linked("1", "Casta lies in Talvera."),
    linked("2", "Talvera is large."),
    linked("3", "Orin flows to Talvera."),
  ]);
  expect(found.map(({ id, text, labels }) => ({ id, text, labels }))).toEqual([
    { id: "1", text: "@ Casta @ lies in # Talvera #.", labels: ["partOf"] },
  ]);
  const [sentence] = found as [TextExample];
  expect(targetsOf(sentence)).toEqual(["@ Casta @", "# Talvera #"]);
  expect(sentence.mentions?.map(({ start, end }) => sentence.text.slice(start, end))).toEqual(["Casta", "Talvera"]);
});

it("marks the head first named, also where it stands behind its tail; takes more pairs where it may", async () => {
  const text = linked("1", "In Talvera is Casta, by Orin.");
  expect((await sentencesOf([text])).map((one) => one.text)).toEqual(["In # Talvera # is @ Casta @, by Orin."]);
  const both = await sentencesOf([text], { maxPairs: 2 });
  expect(both.map(({ id, labels }) => [id, labels?.[0]])).toEqual([
    ["1", "partOf"],
    ["1#2", "near"],
  ]);
});

it("takes a relation that the text states, whatever the graph says", async () => {
  const text = "Talvera rules Orin.";
  const targets = [
    { start: 0, end: 7 },
    { start: 14, end: 18 },
  ] as const;
  const [sentence] = await sentencesOf([{ id: "1", text, targets, labels: ["rules"] }]);
  expect(sentence).toMatchObject({ text: "@ Talvera @ rules # Orin #.", labels: ["rules"] });
});

it("links a text that brings no mentions, and leaves out what a task is scored on", async () => {
  const examples = ["Casta lies in Talvera.", "Orin passes Casta."].map((text, i) => ({ id: String(i), text }));
  const linker = async () => ({ link: async (text: string) => mentionsOf(text) }) as never;
  const leaveOut = [{ text: "Casta lies in Talvera." }];
  const found = await sentencesOf(examples, {}, { linker, leaveOut });
  expect(found.map(({ text }) => text)).toEqual(["@ Orin @ passes # Casta #."]);
});

it("leaves relations out that have too few sentences, and says how many", async () => {
  const notes: string[] = [];
  const texts = ["Casta, Talvera", "Casta by Talvera", "Orin by Casta"].map((text, i) => linked(String(i), text));
  const progress = { ...silent, note: (text: string) => notes.push(text) };
  const found = await sentencesOf(texts, { minExamples: 2 }, { progress });
  expect(found.map(({ labels }) => labels?.[0])).toEqual(["partOf", "partOf"]);
  expect(notes).toEqual(["triple-sentences: 2 of 3 sentences; 1 of 2 relations have fewer than 2 and are left out"]);
});

it("refuses a source it does not know, and options that are not the source's", () => {
  const issue = (of: unknown) => tripleSentences.options.safeParse({ of }).error?.issues[0]?.path.join(".");
  expect(issue({ name: "conllu", path: "x" })).toBe("of.name");
  expect(issue({ name: "jsonl" })).toBe("of.path");
  expect(issue({ name: "jsonl", path: "x", limit: 3 })).toBe("of");
});

it("reads the dependency trees that stand beside the configs", async () => {
  const path = fileURLToPath(new URL("../../../../kg-fixtures/dependencies/sentences.conllu", import.meta.url));
  const needs = { graph, linker: () => Promise.reject(new Error("no linker")), progress: silent };
  const all = await collect(conllu.create(conllu.options.parse({ path }), { ...needs, leaveOut: [] }));
  expect(all.length).toBe(8);
  expect(all.reduce((sum, { dependencies = [] }) => sum + dependencies.length, 0)).toBe(56);
  const [first] = all as [TextExample];
  const rest = await collect(conllu.create(conllu.options.parse({ path }), { ...needs, leaveOut: [first] }));
  expect(rest).toEqual(all.slice(1));
});
