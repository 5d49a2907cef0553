import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPredictions, scoreEntityTyping, writePredictions } from "./index.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kgraft-score-"));
});

afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, ...lines: string[]): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => `${line}\n`).join(""));
  return path;
};

const goldLines = [
  '{"id": "a", "text": "Ada wrote.", "target": {"start": 0, "end": 3}, "labels": ["person"]}',
  "",
  '{"id": "b", "text": "Then it rained.", "labels": []}',
];

const scored = async (gold: string[], given: string[]) =>
  scoreEntityTyping(await file("gold.jsonl", ...gold), await file("given.jsonl", ...given));

describe("scoring two files", () => {
  it("joins whole text examples and predictions in any order", async () => {
    const { lines, scores } = await scored(goldLines, [
      '{"id": "b", "labels": []}',
      '{"id": "a", "labels": ["person", "place"], "scores": {"person": 0.9, "place": 0.6}}',
    ]);
    expect(lines).toBe(2);
    expect(scores.strictAccuracy).toBe(0.5);
    expect(scores.looseMicroPrecision).toBe(0.5);
    expect(scores.looseMicroRecall).toBe(1);
  });

  it.each([
    [
      "a gold id without prediction",
      ['{"id": "b", "labels": []}'],
      /gold\.jsonl:1: id "a" has no prediction in .*given\.jsonl\./,
    ],
    ["several of them", [], /gold\.jsonl:1: id "a" has no prediction in .*\(nor have 1 others\)/],
    [
      "a prediction for no gold id",
      ['{"id": "c", "labels": []}'],
      /given\.jsonl:1: id "c" does not stand in .*gold\.jsonl/,
    ],
    [
      "a doubled id",
      ['{"id": "a", "labels": []}', '{"id": "a", "labels": []}'],
      /given\.jsonl:2: id "a" stands already in line 1/,
    ],
    [
      "labels that are no list",
      ['{"id": "a", "labels": "person"}'],
      /given\.jsonl:1: labels of "a" are "person"\. Wanted a list of strings/,
    ],
    ["labels that are missing", ['{"id": "a"}'], /given\.jsonl:1: labels of "a" are missing/],
    ["an id that is no string", ['{"id": 7, "labels": []}'], /given\.jsonl:1: id is 7\. Wanted a string/],
    ["a line that is no object", ["[1]"], /given\.jsonl:1: is \[1\]\. Wanted/],
    ["a line that is not JSON", ["{"], /given\.jsonl:1: is not JSON/],
    [
      "scores that are no numbers",
      ['{"id": "a", "labels": [], "scores": {"person": null}}'],
      /given\.jsonl:1: scores of "a" are {"person":null}\. Wanted one number/,
    ],
  ])("names file and line of %s", async (_, given, message) => {
    await expect(scored(goldLines, given)).rejects.toThrow(message);
  });

  it("refuses an empty gold file and a missing file", async () => {
    await expect(scored([], [])).rejects.toThrow(/gold\.jsonl: has no line to score/);
    await expect(scoreEntityTyping(join(folder, "none"), join(folder, "none"))).rejects.toThrow(/none: no such file/);
  });
});

describe("a prediction file", () => {
  it("is read as it was written, the same bytes each time", async () => {
    const predictions = [
      { id: "ä", labels: ["person"], scores: { person: 0.75, place: 0.25 } },
      { id: "b", labels: [] },
    ];
    const [one, two] = [join(folder, "1.jsonl"), join(folder, "2.jsonl")];
    await writePredictions(one, predictions);
    await writePredictions(two, await readPredictions(one));
    expect(await readPredictions(one)).toEqual(predictions);
    expect(await readFile(two)).toEqual(await readFile(one));
  });
});
