import type { TextExample } from "@kgraft/text";
import { describe, expect, it } from "vitest";
import { firstSense, mostFrequentType, scoreEntityTypes } from "./index.ts";

const example = (id: string, labels: string[], mentions: TextExample["mentions"] = []): TextExample => ({
  id,
  text: "The bank of the river",
  target: { start: 4, end: 8 },
  mentions,
  labels,
});

const train = [
  example("1", ["object"]),
  example("2", ["group", "object"]),
  example("3", ["group"]),
  example("4", ["place"]),
];

const types: Readonly<Record<string, readonly string[]>> = {
  "bank.n.1": ["object"],
  "bank.n.2": ["group", "institution"],
  "river.n.1": ["place"],
  "of.r.1": [],
};
const typesOf = (entity: string) => types[entity] ?? [];

describe("the most frequent type", () => {
  it("is predicted for every example, the first of equally frequent ones", () => {
    expect(mostFrequentType(train, [example("a", []), example("b", [])])).toEqual([
      { id: "a", labels: ["group"] },
      { id: "b", labels: ["group"] },
    ]);
  });

  it("needs a label somewhere", () => {
    expect(() => mostFrequentType([example("1", [])], [])).toThrow("tasks.baselines: no training example has a label");
  });
});

describe("the first sense", () => {
  it("is the linked entity's types at the target, the most frequent type where there are none", async () => {
    const test = [
      example(
        "linked",
        ["object"],
        [
          { start: 16, end: 21, entity: "river.n.1" },
          { start: 4, end: 8, entity: "bank.n.1" },
        ],
      ),
      example("type unknown to training", ["group"], [{ start: 4, end: 8, entity: "bank.n.2" }]),
      example("without type", ["object"], [{ start: 4, end: 8, entity: "of.r.1" }]),
      example("linked elsewhere", ["object"], [{ start: 16, end: 21, entity: "river.n.1" }]),
      example(
        "overlapping",
        ["place"],
        [
          { start: 0, end: 5, entity: "bank.n.1" },
          { start: 5, end: 21, entity: "river.n.1" },
        ],
      ),
    ];
    const { predictions, linked } = await firstSense({ train, examples: test, typesOf });
    expect(predictions.map(({ labels }) => labels)).toEqual([["object"], ["group"], ["group"], ["group"], ["place"]]);
    expect(linked).toBe(3);
    const gold = test.map(({ id, labels = [] }) => ({ id, labels }));
    expect(scoreEntityTypes(gold, predictions).scores.strictAccuracy).toBe(3 / 5);
  });
});
