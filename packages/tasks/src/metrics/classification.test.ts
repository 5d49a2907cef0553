import { describe, expect, it } from "vitest";
import { scoreClasses } from "./classification.ts";

const lines = (labels: readonly string[]) =>
  labels.map((label, i) => ({ id: `${i}`, labels: label === "" ? [] : [label] }));
const score = (gold: string, predicted: string, nullLabel?: string) =>
  scoreClasses(lines(gold.split(" ")), lines(predicted.split(" ").map((one) => one.replace("-", ""))), {
    at: "t",
    nullLabel,
  });

describe("scores of classification", () => {
  it("are those of a hand count", () => {
    // a: 2 of 2 guesses of 3; b: 1 of 3 guesses of 1; c: never guessed, 1 line.
    const { scores, classes } = score("a a a b c", "a a b b b");
    expect(scores.accuracy).toBeCloseTo(3 / 5);
    expect(scores.microF1).toBeCloseTo(3 / 5);
    expect(classes.map(({ type, f1 }) => [type, f1])).toEqual([
      ["a", 0.8],
      ["b", 0.5],
      ["c", 0],
    ]);
    expect(scores.macroF1).toBeCloseTo((0.8 + 0.5 + 0) / 3);
  });

  it("leave the null class out of micro and macro, both ways", () => {
    // Guesses of x, y: 3, right 1; lines of x, y: 3.
    const { scores } = score("x x y - n n".replace("-", "n"), "x n x x n n", "n");
    expect(scores.microPrecision).toBeCloseTo(1 / 3);
    expect(scores.microRecall).toBeCloseTo(1 / 3);
    expect(scores.accuracy).toBeCloseTo(3 / 6);
  });

  it("are 1 for gold against gold, 0 without a guess, and never NaN", () => {
    expect(Object.values(score("a b n", "a b n", "n").scores)).toEqual([1, 1, 1, 1, 1]);
    expect(Object.values(score("a b", "- -").scores)).toEqual([0, 0, 0, 0, 0]);
    expect(score("n n", "n n", "n").scores).toEqual({
      accuracy: 1,
      microPrecision: 0,
      microRecall: 0,
      microF1: 0,
      macroF1: 0,
    });
  });

  it("refuse no lines, and ids that do not match", () => {
    expect(() => scoreClasses([], [], { at: "t" })).toThrow("t: there is no line to score");
    expect(() => scoreClasses(lines(["a"]), [], { at: "t" })).toThrow('t: id "0" has no line in the predictions');
  });
});
