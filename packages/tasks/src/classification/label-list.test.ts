import type { TextExample } from "@kgraft/text";
import { describe, expect, it } from "vitest";
import { type LabelListOptions, settleLabels } from "./label-list.ts";

const example = (id: string, labels?: string[]): TextExample => ({ id, text: "x", ...(labels && { labels }) });
const splits = (train: string[][], test: string[][], validation: string[][] = []) => ({
  train: train.map((labels, i) => example(`train-${i}`, labels)),
  validation: validation.map((labels, i) => example(`validation-${i}`, labels)),
  test: test.map((labels, i) => example(`test-${i}`, labels)),
});
const settle = (of: ReturnType<typeof splits>, options: Partial<LabelListOptions> = {}) =>
  settleLabels(of, { task: "entity-typing", option: "types", otherLabels: "refuse", single: false, ...options });

describe("the list of types", () => {
  it("is that of the training examples, sorted; a type that only others have stays gold and is said aloud", () => {
    const data = splits([["b", "a"], []], [["a", "zebra"]], [["c"]]);
    const { labels, notes, splits: kept } = settle(data);
    expect(labels).toEqual(["a", "b"]);
    expect(kept).toEqual(data);
    expect(notes).toEqual([
      "validation: 1 labels of 1 kinds that no training example has (c); they stay gold and cannot be predicted",
      "test: 1 labels of 1 kinds that no training example has (zebra); they stay gold and cannot be predicted",
    ]);
  });

  it("is the stated one, in its order; other labels are refused or dropped", () => {
    const data = splits([["person"], ["persn"]], [["place"]]);
    const stated = ["place", "person"];
    expect(() => settle(data, { stated })).toThrow(
      'entity-typing.train: example "train-1" has the label "persn", which types does not list. Listed: place, person. Did you mean "person"?',
    );
    const { labels, notes, splits: kept } = settle(data, { stated, otherLabels: "drop" });
    expect(labels).toEqual(stated);
    expect(kept.train.map((one) => one.labels)).toEqual([["person"], []]);
    expect(notes).toEqual(["train: dropped 1 labels that the list of types lacks"]);
  });

  it.each([
    ["a type twice", splits([["a"]], []), { stated: ["a", "b", "a"] }, 'types: "a" stands twice'],
    ["one type", splits([["a"]], []), {}, 'entity-typing.train: there is one label, "a". Wanted at least two'],
    ["no type", splits([[]], []), {}, "entity-typing.train: there is no label"],
    ["two labels in single mode", splits([["a", "b"]], []), { single: true }, '"train-0" has 2 labels: ["a","b"]'],
    ["no label in single mode", splits([["a"], ["b"]], [[]]), { single: true }, 'entity-typing.test: example "test-0"'],
  ])("refuses %s", (_, data, options, message) => {
    expect(() => settle(data, options)).toThrow(message);
  });

  it("refuses an example without labels", () => {
    const data = { ...splits([["a"], ["b"]], []), test: [example("bare")] };
    expect(() => settle(data)).toThrow('entity-typing.test: example "bare" has no labels. Wanted a list, []');
  });
});
