import { describe, expect, it } from "vitest";
import { type Link, type LinkedDocument, scoreLinks } from "./index.ts";

const link = (start: number, end: number, entity?: string): Link => ({ start, end, entity });
const document = (id: string, ...links: Link[]): LinkedDocument => ({ id, links });

function micro(gold: Link[], predicted: Link[], match: "strong" | "weak" = "strong"): number[] {
  const scores = scoreLinks([document("d", ...gold)], [document("d", ...predicted)], match);
  return [scores.microPrecision, scores.microRecall, scores.microF1];
}

describe("one document", () => {
  it("counts equal spans with equal entities", () => {
    expect(micro([link(0, 5, "a"), link(6, 9, "b")], [link(0, 5, "a"), link(6, 9, "c")])).toEqual([0.5, 0.5, 0.5]);
    expect(micro([link(0, 5, "a")], [link(0, 4, "a")])).toEqual([0, 0, 0]);
  });

  it("counts a doubled prediction as false", () => {
    expect(micro([link(0, 5, "a")], [link(0, 5, "a"), link(0, 5, "a")])).toEqual([0.5, 1, 2 / 3]);
  });

  it("matches weakly spans that share a character; touching ends do not", () => {
    expect(micro([link(0, 5, "a")], [link(4, 9, "a")], "weak")).toEqual([1, 1, 1]);
    expect(micro([link(0, 5, "a")], [link(5, 9, "a")], "weak")).toEqual([0, 0, 0]);
  });

  it("takes the first that fits, so that order counts under weak matching", () => {
    const gold = [link(0, 5, "a"), link(0, 2, "a")];
    expect(micro(gold, [link(0, 2, "a"), link(3, 5, "a")], "weak")).toEqual([0.5, 0.5, 0.5]);
    expect(micro(gold, [link(3, 5, "a"), link(0, 2, "a")], "weak")).toEqual([1, 1, 1]);
  });

  it("matches NIL with NIL, and NIL with no entity", () => {
    expect(micro([link(0, 5)], [link(0, 5)])).toEqual([1, 1, 1]);
    expect(micro([link(0, 5)], [link(0, 5, "a")])).toEqual([0, 0, 0]);
    expect(micro([link(0, 5, "a")], [link(0, 5)])).toEqual([0, 0, 0]);
  });

  it("scores 1 where nothing is expected and nothing found, else 0 without a hit", () => {
    expect(micro([], [])).toEqual([1, 1, 1]);
    expect(micro([], [link(0, 1, "a")])).toEqual([0, 0, 0]);
    expect(micro([link(0, 1, "a")], [])).toEqual([0, 0, 0]);
  });
});

it("counts inside the knowledge base anew: a link on a NIL span is false there", () => {
  const gold = [document("d", link(0, 2), link(3, 5, "a"))];
  const predicted = [document("d", link(0, 2, "b"), link(3, 5, "a"))];
  expect(scoreLinks(gold, predicted, "strong")).toMatchObject({
    microPrecision: 0.5,
    microRecall: 0.5,
    inKbMicroPrecision: 0.5,
    inKbMicroRecall: 1,
    inKbMicroF1: 2 / 3,
  });
});

it("averages documents for macro, sums them for micro", () => {
  const gold = [document("1", link(0, 1, "a")), document("2", link(0, 1, "a"), link(2, 3, "b")), document("3")];
  const predicted = [
    document("3"),
    document("2", link(0, 1, "a")),
    document("1", link(0, 1, "b"), link(2, 3, "c"), link(4, 5, "d")),
  ];
  const scores = scoreLinks(gold, predicted, "strong");
  expect([scores.microPrecision, scores.microRecall]).toEqual([1 / 4, 1 / 3]);
  expect(scores.macroPrecision).toBeCloseTo((0 + 1 + 1) / 3, 12);
  expect(scores.macroRecall).toBeCloseTo((0 + 1 / 2 + 1) / 3, 12);
  expect(scores.macroF1).toBeCloseTo((0 + 2 / 3 + 1) / 3, 12);
});

it("refuses documents that do not pair up", () => {
  const one = [document("1")];
  expect(() => scoreLinks(one, [], "strong")).toThrow('predictions: have no document "1". Wanted every document once');
  expect(() => scoreLinks(one, [document("1"), document("2")], "strong")).toThrow('gold: has no document "2".');
  expect(() => scoreLinks([...one, ...one], one, "strong")).toThrow('gold: the document "1" stands twice.');
  expect(() => scoreLinks([], [], "strong")).toThrow("gold: holds 0 documents. Wanted at least one to score.");
});
