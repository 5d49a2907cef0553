import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LabelledLine, scoreEntityTypes } from "../index.ts";

const types = ["person", "group", "place", "time", "event"];

const line = (id: number, labels: readonly string[]): LabelledLine => ({
  id: `${id}`,
  labels,
});

/** A second implementation, straight from the definitions: one array of per-line figures a metric, sets by filtering. */
function reference(gold: readonly LabelledLine[], predicted: readonly LabelledLine[]): Record<string, number> {
  const rows = gold.map(({ id, labels }) => {
    const truth = types.filter((type) => labels.includes(type));
    const found = predicted.filter((other) => other.id === id);
    const guess = types.filter((type) => found[0]?.labels.includes(type));
    const both = types.filter((type) => truth.includes(type) && guess.includes(type));
    return { truth, guess, both };
  });
  const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const over = (part: number, whole: number) => (whole ? part / whole : 0);
  const f = (p: number, r: number) => (p + r ? (2 * p * r) / (p + r) : 0);
  const precisions = rows.filter(({ guess }) => guess.length).map(({ both, guess }) => both.length / guess.length);
  const recalls = rows.filter(({ truth }) => truth.length).map(({ both, truth }) => both.length / truth.length);
  const correct = total(rows.map(({ both }) => both.length));
  const microP = over(correct, total(rows.map(({ guess }) => guess.length)));
  const microR = over(correct, total(rows.map(({ truth }) => truth.length)));
  const macroP = total(precisions) / rows.length;
  const macroR = total(recalls) / rows.length;
  return {
    strictAccuracy: rows.filter(({ truth, guess }) => truth.join() === guess.join()).length / rows.length,
    looseMacroPrecision: macroP,
    looseMacroRecall: macroR,
    looseMacroF1: f(macroP, macroR),
    looseMacroF1NonEmpty: f(over(total(precisions), precisions.length), over(total(recalls), recalls.length)),
    looseMicroPrecision: microP,
    looseMicroRecall: microR,
    looseMicroF1: f(microP, microR),
  };
}

const labels = fc.array(fc.constantFrom(...types), { maxLength: 4 });
const corpus = fc.array(fc.tuple(labels, labels), {
  minLength: 1,
  maxLength: 30,
});

describe("entity typing's scores", () => {
  it("equal a separately written reference on 1,000 random predictions, empty ones included", () => {
    fc.assert(
      fc.property(corpus, fc.integer(), (pairs, turn) => {
        const gold = pairs.map(([truth], i) => line(i, truth));
        const given = pairs.map(([, guess], i) => line(i, guess));
        const cut = Math.abs(turn) % given.length;
        const turned = [...given.slice(cut), ...given.slice(0, cut)];
        const { scores } = scoreEntityTypes(gold, turned);
        const wanted = reference(gold, given);
        expect(Object.keys(scores)).toEqual(Object.keys(wanted));
        for (const [name, score] of Object.entries(scores)) {
          expect(score).toBeCloseTo(wanted[name] as number, 12);
          expect(score >= 0 && score <= 1).toBe(true);
        }
      }),
      { numRuns: 1000, seed: 13 },
    );
  });

  it("are those computed by hand", () => {
    const gold = [line(1, ["person", "group"]), line(2, ["place"]), line(3, []), line(4, []), line(5, ["time"])];
    const given = [line(1, ["person"]), line(2, ["place", "event"]), line(3, []), line(4, ["event"]), line(5, [])];
    const { scores, lines } = scoreEntityTypes(gold, given);
    expect(lines).toBe(5);
    // P: 1, 1/2, -, 0, - and R: 1/2, 1, -, -, 0.
    expect(scores.strictAccuracy).toBeCloseTo(1 / 5, 12);
    expect(scores.looseMacroPrecision).toBeCloseTo(1.5 / 5, 12);
    expect(scores.looseMacroRecall).toBeCloseTo(1.5 / 5, 12);
    expect(scores.looseMacroF1).toBeCloseTo(0.3, 12);
    expect(scores.looseMacroF1NonEmpty).toBeCloseTo(0.5, 12);
    expect(scores.looseMicroPrecision).toBeCloseTo(2 / 4, 12);
    expect(scores.looseMicroRecall).toBeCloseTo(2 / 4, 12);
    expect(scores.looseMicroF1).toBeCloseTo(0.5, 12);
  });

  it("are 1 for the gold itself, but for ERNIE's macro average, which empty lines lower", () => {
    const gold = [line(1, ["person"]), line(2, []), line(3, ["time"])];
    const { scores } = scoreEntityTypes(gold, gold);
    expect(scores.strictAccuracy).toBe(1);
    expect(scores.looseMicroF1).toBe(1);
    expect(scores.looseMacroF1NonEmpty).toBe(1);
    expect(scores.looseMacroF1).toBeCloseTo(2 / 3, 12);
  });

  it("treat repeated labels as one", () => {
    const once = scoreEntityTypes([line(1, ["a", "b"])], [line(1, ["a", "c"])]);
    const twice = scoreEntityTypes([line(1, ["b", "a", "a"])], [line(1, ["a", "a", "a", "c"])]);
    expect(twice).toEqual(once);
  });

  it("are 0 and no NaN where nothing is predicted or nothing is gold", () => {
    for (const [truth, guess] of [
      [["person"], []],
      [[], ["person"]],
    ]) {
      const { scores } = scoreEntityTypes([line(1, truth as string[])], [line(1, guess as string[])]);
      expect(Object.values(scores)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    }
  });

  it("come with each type's own, undefined for a type that nothing has", () => {
    const { types: scored, perTypeF1 } = scoreEntityTypes(
      [line(1, ["a"]), line(2, ["a"]), line(3, ["b"])],
      [line(1, ["a"]), line(2, ["b"]), line(3, ["b"])],
      ["a", "b", "c"],
    );
    expect(scored).toEqual([
      {
        type: "a",
        gold: 2,
        predicted: 1,
        correct: 1,
        precision: 1,
        recall: 0.5,
        f1: 2 / 3,
      },
      {
        type: "b",
        gold: 1,
        predicted: 2,
        correct: 1,
        precision: 0.5,
        recall: 1,
        f1: 2 / 3,
      },
      {
        type: "c",
        gold: 0,
        predicted: 0,
        correct: 0,
        precision: undefined,
        recall: undefined,
        f1: undefined,
      },
    ]);
    expect(perTypeF1).toBeCloseTo(2 / 3, 12);
  });

  it("refuse a doubled id, an id on one side only and no lines at all, naming them", () => {
    const a = line(1, ["a"]);
    const b = line(2, ["a"]);
    expect(() => scoreEntityTypes([a, a], [a])).toThrow('id "1" stands twice in the gold labels');
    expect(() => scoreEntityTypes([a], [a, a])).toThrow('id "1" stands twice in the predictions');
    expect(() => scoreEntityTypes([a, b], [a])).toThrow('id "2" has no line in the predictions');
    expect(() => scoreEntityTypes([a], [a, b])).toThrow('id "2" has no line in the gold labels');
    expect(() => scoreEntityTypes([], [])).toThrow("there is no line to score");
  });
});
