import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import {
  exampleLine,
  parseExample,
  type ReadExamplesOptions,
  readExamples,
  type TextExample,
  writeExamples,
} from "./index.ts";

async function writeLines(...lines: string[]): Promise<string> {
  const path = join(await temporaryFolder(), "text.jsonl");
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

async function readAll(path: string, options?: ReadExamplesOptions): Promise<TextExample[]> {
  const examples: TextExample[] = [];
  for await (const example of readExamples(path, options)) examples.push(example);
  return examples;
}

const full = {
  id: "1",
  text: "😀 Paris is a city.",
  pair: "It is.",
  mentions: [{ start: 2, end: 7, entity: "Q90", score: 0.5, candidates: [{ entity: "Q90", score: 0.5, prior: 0.5 }] }],
  target: { start: 13, end: 17 },
  targets: [
    { start: 0, end: 1 },
    { start: 2, end: 7 },
  ],
  labels: ["city", "place"],
};

it("turns code points into UTF-16 units and back", async () => {
  const [example] = await readAll(await writeLines(JSON.stringify(full)));
  const units = { ...full, mentions: [{ ...full.mentions[0], start: 3, end: 8 }], target: { start: 14, end: 18 } };
  expect(example).toEqual({
    ...units,
    targets: [
      { start: 0, end: 2 },
      { start: 3, end: 8 },
    ],
  });
  expect(example?.text.slice(3, 8)).toBe("Paris");
  expect(JSON.parse(exampleLine(example as TextExample))).toEqual(full);
});

it("takes UTF-16 offsets where it is told so", async () => {
  const line = JSON.stringify({ id: "1", text: "😀 Paris", target: { start: 3, end: 8 } });
  const [example] = await readAll(await writeLines(line), { offsets: "utf16" });
  expect(example?.target).toEqual({ start: 3, end: 8 });
});

it("reads gzip, passes over blank lines, and keeps absent fields absent", async () => {
  const path = join(await temporaryFolder(), "text.jsonl.gz");
  await writeFile(path, gzipSync('\n{"id":"1","text":"","pair":null}\n\n'));
  expect(await readAll(path)).toStrictEqual([{ id: "1", text: "" }]);
});

it("reads back labelled spans, in code points", async () => {
  const path = join(await temporaryFolder(), "spans.jsonl");
  const example = { id: "1", text: "😀 Bob", spans: [{ start: 3, end: 6, label: "person" }] };
  await writeExamples(path, [example]);
  expect(JSON.parse(await readFile(path, "utf8")).spans).toEqual([{ start: 2, end: 5, label: "person" }]);
  expect(await readAll(path)).toEqual([example]);
  expect(() => parseExample('{"id":"1","text":"a","spans":[{"start":0,"end":1}]}', "F:1", "utf16")).toThrow(
    "F:1: spans[0].label is missing. Wanted a string.",
  );
});

it("reads back a dependency tree, in code points", async () => {
  const path = join(await temporaryFolder(), "trees.jsonl");
  const dependencies = [
    { start: 0, end: 2, head: 1 },
    { start: 3, end: 6, head: -1 },
  ];
  const example = { id: "1", text: "😀 Bob", dependencies };
  await writeExamples(path, [example]);
  expect(JSON.parse(await readFile(path, "utf8")).dependencies[1]).toEqual({ start: 2, end: 5, head: -1 });
  expect(await readAll(path)).toEqual([example]);
  expect(() =>
    parseExample('{"id":"1","text":"a","dependencies":[{"start":0,"end":1,"head":0}]}', "F:1", "utf16"),
  ).toThrow("F:1: dependencies[0].head is 0. Wanted the index of another of the 1 words, or -1 at the root.");
});

it("reads back a triple in words, and says which part of it is missing", async () => {
  const path = join(await temporaryFolder(), "triples.jsonl");
  const term = (id: string) => ({ id, text: `the ${id}` });
  const triple = { head: term("a"), relation: term("r"), tail: term("b") };
  await writeExamples(path, [{ id: "1", text: "the a the r the b", triple }]);
  expect(await readAll(path)).toEqual([{ id: "1", text: "the a the r the b", triple }]);
  const line = JSON.stringify({
    id: "1",
    text: "",
    triple: { head: term("a"), relation: { id: "r" }, tail: term("b") },
  });
  expect(() => parseExample(line, "F:1", "utf16")).toThrow("F:1: triple.relation.text is missing. Wanted a string.");
});

it("reads back what it wrote, whatever the text", async () => {
  const path = join(await temporaryFolder(), "text.jsonl");
  const text = fc.array(fc.constantFrom("a", " ", "é", "😀", "中", "𠀀", "\ud83d", "\n"), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), fc.nat(), async (parts, a, b) => {
      const first = a % parts.length;
      const last = first + 1 + (b % (parts.length - first));
      const start = parts.slice(0, first).join("").length;
      const example = { id: "x", text: parts.join(""), target: { start, end: parts.slice(0, last).join("").length } };
      await writeExamples(path, [example]);
      expect(await readAll(path)).toEqual([example]);
      const inFile = JSON.parse(await readFile(path, "utf8")) as { target: { start: number } };
      expect(inFile.target.start).toBe([...example.text.slice(0, start)].length);
    }),
    { numRuns: 60, seed: 3, examples: [] },
  );
});

describe("a bad field is an error with its place", () => {
  const cases: readonly (readonly [line: string, message: string])[] = [
    ["{", "F:1: is not JSON: "],
    [
      "[]",
      "F:1: the line is []. Wanted an object with id, text, pair, mentions, target, targets, labels, spans, dependencies, triple.",
    ],
    ['{"text":"a"}', "F:1: id is missing. Wanted a string."],
    ['{"id":"","text":"a"}', 'F:1: id is "". Wanted a string that is not empty.'],
    ['{"id":1,"text":"a"}', "F:1: id is 1. Wanted a string."],
    ['{"id":"1","text":["a"]}', 'F:1: text is ["a"]. Wanted a string.'],
    [
      '{"id":"1","text":"a","label":[]}',
      'F:1: unknown key "label". Known keys: id, text, pair, mentions, target, targets, labels, spans, dependencies, triple. Did you mean "labels"?',
    ],
    ['{"id":"1","text":"a","labels":"x"}', 'F:1: labels is "x". Wanted an array of strings.'],
    ['{"id":"1","text":"a","labels":["x",2]}', "F:1: labels[1] is 2. Wanted a string."],
    [
      '{"id":"1","text":"a","target":{"start":0,"end":2}}',
      "F:1: target.end is 2. Wanted a whole number from 0 to 1, the text's code points.",
    ],
    [
      '{"id":"1","text":"a","target":{"start":-1,"end":1}}',
      "F:1: target.start is -1. Wanted a whole number from 0 to 1, the text's code points.",
    ],
    [
      '{"id":"1","text":"ab","target":{"start":0.5,"end":1}}',
      "F:1: target.start is 0.5. Wanted a whole number from 0 to 2",
    ],
    [
      '{"id":"1","text":"ab","target":{"start":1,"end":1}}',
      "F:1: target: the span 1 to 1 is empty. Wanted start < end (half-open offsets).",
    ],
    [
      '{"id":"1","text":"ab","target":{"start":0,"end":1,"entity":"e"}}',
      'F:1: unknown key "entity" in target. Known keys: start, end.',
    ],
    [
      '{"id":"1","text":"ab","targets":[{"start":0,"end":1}]}',
      'F:1: targets is [{"start":0,"end":1}]. Wanted an array of two spans, head and tail.',
    ],
    ['{"id":"1","text":"ab","mentions":{}}', "F:1: mentions is {}. Wanted an array of mentions."],
    ['{"id":"1","text":"ab","mentions":[{"start":0,"end":1}]}', "F:1: mentions[0].entity is missing. Wanted a string."],
    [
      '{"id":"1","text":"ab","mentions":[{"start":0,"end":1,"entity":"e","score":"high"}]}',
      'F:1: mentions[0].score is "high". Wanted a number.',
    ],
    [
      '{"id":"1","text":"ab","mentions":[{"start":0,"end":1,"entity":"e","candidates":[{"entity":"e"}]}]}',
      "F:1: mentions[0].candidates[0].score is missing. Wanted a number.",
    ],
  ];
  it.each(cases)("%s", async (line, message) => {
    const path = await writeLines(line);
    await expect(readAll(path)).rejects.toThrow(message.replace("F:", `${path}:`));
    await expect(readAll(path)).rejects.toMatchObject({ exitCode: 2 });
  });
});

it("refuses a UTF-16 offset inside a surrogate pair", () => {
  const line = JSON.stringify({ id: "1", text: "a😀", target: { start: 0, end: 2 } });
  expect(() => parseExample(line, "f:9", "utf16")).toThrow(
    "f:9: target: end 2 falls inside a surrogate pair. Wanted UTF-16 offsets between characters. Perhaps the offsets count code points: read them with offsets: codePoints.",
  );
});

it("refuses a doubled id where ids are to be unique", async () => {
  const path = await writeLines('{"id":"1","text":"a"}', "", '{"id":"1","text":"b"}');
  expect(await readAll(path)).toHaveLength(2);
  await expect(readAll(path, { uniqueIds: true })).rejects.toThrow(
    `${path}:3: the id "1" stands already in line 1. Wanted each id once.`,
  );
});

it("skips bad lines where it is told so, and reports them", async () => {
  const path = await writeLines('{"id":"1","text":"a"}', "{", '{"id":2,"text":"b"}', '{"id":"3","text":"c"}');
  const notes: string[] = [];
  const errors: string[] = [];
  const progress = {
    bar: () => ({ update: () => undefined, end: () => undefined }),
    note: (text: string) => notes.push(text),
  };
  const examples = await readAll(path, { onError: "skip", progress, onSkip: (error) => errors.push(error.at) });
  expect(examples.map(({ id }) => id)).toEqual(["1", "3"]);
  expect(errors).toEqual([`${path}:2`, `${path}:3`]);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/text\.jsonl: 2 bad lines skipped; .*text\.jsonl:2: is not JSON/);
});

it("names a missing file even where bad lines are skipped", async () => {
  await expect(readAll("no/such.jsonl", { onError: "skip" })).rejects.toThrow("no/such.jsonl: no such file");
});
