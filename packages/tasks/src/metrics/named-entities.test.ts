import { describe, expect, it } from "vitest";
import { scoreSpans } from "./named-entities.ts";

const span = (start: number, end: number, label: string) => ({ start, end, label });
const line = (id: string, ...spans: ReturnType<typeof span>[]) => ({ id, spans });

describe("scores of named entities", () => {
  it("count whole spans with their types over the corpus", () => {
    const gold = [line("1", span(0, 2, "a"), span(3, 5, "b")), line("2", span(0, 1, "a")), line("3")];
    const given = [line("1", span(0, 2, "a"), span(3, 5, "a")), line("2", span(0, 2, "a")), line("3", span(1, 2, "b"))];
    const { scores, types } = scoreSpans(gold, given);
    expect(scores.microPrecision).toBeCloseTo(1 / 4);
    expect(scores.microRecall).toBeCloseTo(1 / 3);
    expect(scores.microF1).toBeCloseTo(2 / 7);
    // a: 1 right, 2 gold, 3 guessed; b: 0 right, 1 gold, 1 guessed.
    expect(types.map(({ type, f1 }) => [type, f1])).toEqual([
      ["a", 0.4],
      ["b", 0],
    ]);
    expect(scores.macroF1).toBeCloseTo(0.2);
    expect(scores.untypedMicroF1).toBeCloseTo(4 / 7);
  });

  it("are 1 for gold against gold and 0 for nothing found, never NaN", () => {
    const gold = [line("1", span(0, 2, "a")), line("2")];
    expect(Object.values(scoreSpans(gold, gold).scores)).toEqual([1, 1, 1, 1, 1]);
    expect(Object.values(scoreSpans(gold, [line("1"), line("2")]).scores)).toEqual([0, 0, 0, 0, 0]);
    expect(Object.values(scoreSpans([line("1")], [line("1")]).scores)).toEqual([0, 0, 0, 0, 0]);
  });

  it("refuse other ids", () => {
    expect(() => scoreSpans([line("1")], [line("2")])).toThrow('id "2" has no line in the gold labels');
    expect(() => scoreSpans([], [])).toThrow("there is no line to score");
  });
});
