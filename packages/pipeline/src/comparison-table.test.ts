import { describe, expect, test } from "vitest";
import {
  type Cell,
  count,
  headlineMetrics,
  percent,
  shownScore,
  spread,
  stagesOf,
  summariseArms,
} from "./comparison-table.ts";

const cell = (arm: string, seed: number, looseMicroF1: number, seconds: Record<string, number>): Cell => ({
  arm,
  seed,
  scores: { test: { looseMicroF1 } },
  seconds,
  parameters: { total: 10 },
  backend: "wasm",
});

describe("a comparison's table", () => {
  test("has mean and sample deviation of each arm's seeds, arms in their order", () => {
    const cells = [
      cell("none", 1, 0.4, { finetune: 2 }),
      cell("ernie-thu", 1, 0.5, { embed: 3, finetune: 4 }),
      cell("none", 2, 0.46, { finetune: 4 }),
      cell("none", 3, 0.43, { finetune: 3 }),
    ];
    const [none, ernie] = summariseArms(cells, "test");
    expect(none).toMatchObject({ arm: "none", seeds: [1, 2, 3], seconds: { finetune: 3 } });
    expect(none?.scores.looseMicroF1?.mean).toBeCloseTo(0.43, 12);
    expect(none?.scores.looseMicroF1?.deviation).toBeCloseTo(0.03, 12);
    expect(ernie).toMatchObject({ arm: "ernie-thu", scores: { looseMicroF1: { mean: 0.5 } } });
    expect(stagesOf(summariseArms(cells, "test"))).toEqual(["embed", "finetune"]);
  });

  test("shows the metrics of typing by short names, others by their own", () => {
    const arm = (...names: string[]) => ({ scores: Object.fromEntries(names.map((name) => [name, { mean: 1 }])) });
    expect(headlineMetrics([arm("looseMicroPrecision", "looseMicroF1", "strictAccuracy")])).toEqual([
      ["strictAccuracy", "strict acc."],
      ["looseMicroF1", "micro F1"],
    ]);
    expect(headlineMetrics([arm("perplexity")])).toEqual([["perplexity", "perplexity"]]);
  });

  test("writes numbers short", () => {
    expect(spread([2])).toEqual({ mean: 2 });
    expect(shownScore("mrr", { mean: 0.5 })).toBe("50.0");
    expect(shownScore("head.mr", { mean: 1.4711, deviation: 0.02 })).toBe("1.47 ± 0.02");
    expect([percent({ mean: 0.4663 }), percent({ mean: 0.4663, deviation: 0.004 })]).toEqual(["46.6", "46.6 ± 0.4"]);
    expect([9999, 10_000, 658_400, 22_713_216].map(count)).toEqual(["9999", "10 k", "658 k", "22.7 M"]);
  });
});
