import { describe, expect, it } from "vitest";
import { type ScheduleConfig, scheduleFactor } from "./schedule.ts";

const factors = (config: ScheduleConfig, steps: readonly number[], total = 100): number[] =>
  steps.map((step) => scheduleFactor(config, step, total));
const close = (values: readonly number[], expected: readonly number[]): void => {
  expect(values).toHaveLength(expected.length);
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i] as number, 10);
};

/** Worked out by hand from the formulas of the functions' documentation. */
describe("scheduleFactor", () => {
  it("linear", () => {
    close(factors({ name: "linear", warmup: 0.1 }, [0, 5, 10, 55, 99]), [0, 0.5, 1, 0.5, 1 / 90]);
    close(factors({ name: "linear" }, [0, 50]), [1, 0.5]);
  });
  it("cosine", () => {
    close(factors({ name: "cosine", warmup: 20 }, [10, 20, 40, 60]), [0.5, 1, (1 + Math.SQRT1_2) / 2, 0.5]);
  });
  it("constant", () => {
    close(factors({ name: "constant", warmup: 4 }, [0, 1, 4, 99]), [0, 0.25, 1, 1]);
  });
  it("inverse square root", () => {
    close(factors({ name: "inverse-sqrt", warmup: 4 }, [2, 4, 16, 64]), [0.5, 1, 0.5, 0.25]);
    close(factors({ name: "inverse-sqrt" }, [0, 30_000], 40_000), [1, 0.5]);
  });
  it("slanted triangular", () => {
    close(factors({ name: "slanted-triangular" }, [0, 5, 10, 55]), [1 / 32, (1 + 31 / 2) / 32, 1, (1 + 31 / 2) / 32]);
    close(factors({ name: "slanted-triangular", ratio: 2, warmup: 50 }, [0, 25]), [0.5, 0.75]);
  });
  it("names what is wrong", () => {
    expect(() => factors({ name: "liner" as "linear" }, [0])).toThrow(
      'schedule.name: no schedule "liner". Wanted one of constant, linear, cosine, inverse-sqrt, slanted-triangular. Did you mean "linear"?',
    );
    expect(() => factors({ name: "linear", warmup: 101 }, [0])).toThrow(
      "schedule.warmup: is 101. Wanted a fraction of the 100 steps, or a number of steps from 0 to 100.",
    );
    expect(() => factors({ name: "linear", warmup: -0.1 }, [0])).toThrow("schedule.warmup: is -0.1.");
  });
});
