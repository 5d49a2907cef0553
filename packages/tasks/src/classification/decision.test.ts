import { describe, expect, it } from "vitest";
import { decide } from "./decision.ts";

const labels = ["a", "b", "c"];
const chosen = (logits: number[], decision: Parameters<typeof decide>[3]) =>
  decide("1", Float32Array.from(logits), labels, decision).labels;

describe("deciding on labels", () => {
  it("takes the likeliest, the first of equals, with one label each", () => {
    expect(chosen([-3, -1, -2], { kind: "argmax" })).toEqual(["b"]);
    expect(chosen([1, 2, 2], { kind: "argmax" })).toEqual(["b"]);
  });

  it("takes what is above the threshold, maybe nothing; a logit of 0 is not above 0", () => {
    expect(chosen([0.1, 0, -0.1], { kind: "threshold", threshold: 0 })).toEqual(["a"]);
    expect(chosen([0, 0, 0], { kind: "threshold", threshold: 0 })).toEqual([]);
    expect(chosen([0.1, 0, -0.1], { kind: "threshold", threshold: -1 })).toEqual(["a", "b", "c"]);
  });

  it("falls back on the likeliest where nothing is above, on all of equals", () => {
    expect(chosen([-1, -2, -1], { kind: "threshold-or-argmax", threshold: 0 })).toEqual(["a", "c"]);
    expect(chosen([-1, 2, 3], { kind: "threshold-or-argmax", threshold: 0 })).toEqual(["b", "c"]);
  });

  it("gives probabilities: a softmax with one label each, else a sigmoid for each", () => {
    const one = decide("1", Float32Array.of(0, Math.log(2), Math.log(5)), labels, { kind: "argmax" });
    expect(one.scores?.a).toBeCloseTo(1 / 8, 6);
    expect(one.scores?.c).toBeCloseTo(5 / 8, 6);
    const many = decide("1", Float32Array.of(0, 200, -200), labels, { kind: "threshold", threshold: 0 });
    expect(many.scores?.a).toBe(0.5);
    expect(many.scores?.b).toBe(1);
    expect(many.scores?.c).toBeCloseTo(0, 12);
  });

  it("refuses a logit that is not finite, naming example and type", () => {
    expect(() => chosen([0, Number.NaN, 0], { kind: "threshold", threshold: 0 })).toThrow(
      'tasks.predict: example "1" has the logit NaN for "b". Wanted finite numbers. Training has diverged',
    );
  });
});
