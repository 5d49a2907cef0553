import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { sineRun } from "../../test-data/sine-run.ts";
import { type EvaluationOptions, openBackend, type TrainOptions, train } from "../index.ts";

beforeAll(async () => void (await openBackend("cpu")));

/** A run whose metric is given step by step, and the weights that each evaluation saw. */
async function evaluated(
  values: readonly number[],
  evaluate: Partial<EvaluationOptions>,
  changes: Partial<TrainOptions> = {},
) {
  const weights: (ReadonlyMap<string, Float32Array> | undefined)[] = [];
  const steps: number[] = [];
  const run = sineRun(changes);
  const result = await train({
    ...run,
    evaluate: {
      every: 2,
      metric: "f1",
      run: async (step) => {
        steps.push(step);
        weights.push(await run.parameters.snapshot());
        return { f1: values[steps.length - 1] as number };
      },
      ...evaluate,
    },
  });
  const last = await run.parameters.snapshot();
  run.parameters.dispose();
  return { result, weights, steps, last };
}

describe("evaluation", () => {
  it("comes every so many steps and after the last", async () => {
    const { steps, result } = await evaluated([1, 3, 2], { every: 5 });
    expect(steps).toEqual([5, 10, 12]);
    expect(result.best).toEqual({ step: 10, value: 3 });
    expect(result.evaluations).toEqual([1, 3, 2].map((f1, i) => ({ step: steps[i], metrics: { f1 } })));
  });

  it("comes after each epoch", async () => {
    const { steps, result } = await evaluated([3, 1, 2], { every: "epoch", goal: "min" });
    expect(steps).toEqual([5, 10, 12]);
    expect(result.best).toEqual({ step: 10, value: 1 });
  });

  it("stops the run when patience is over", async () => {
    const { steps, result } = await evaluated([1, 2, 2, 1, 5, 6], { patience: 2 });
    expect(steps).toEqual([2, 4, 6, 8]);
    expect(result).toMatchObject({ stopped: "patience", steps: 8, best: { step: 4, value: 2 } });
  });

  it("gives the best weights back, from memory or from the checkpoint", async () => {
    const values = [1, 5, 2, 3, 4, 2];
    const memory = await evaluated(values, { restoreBest: true });
    expect(memory.last).toEqual(memory.weights[1]);
    expect(memory.last).not.toEqual(memory.weights[5]);
    const folder = await mkdtemp(join(tmpdir(), "best-"));
    const checkpoint = { folder, everySteps: 5, keep: 1, configHash: "a", resume: false };
    const disk = await evaluated(values, { restoreBest: true }, { checkpoint });
    expect(disk.last).toEqual(memory.last);
    expect((await readdir(folder)).sort()).toEqual(["step-12", "step-4"]);
    const again = await evaluated([], { restoreBest: true }, { checkpoint: { ...checkpoint, resume: true } });
    expect(again.steps).toEqual([]);
    expect(again.last).toEqual(memory.last);
    expect(again.result).toMatchObject({ steps: 12, best: { step: 4, value: 5 }, evaluations: { length: 6 } });
    await rm(folder, { recursive: true });
  });

  it("keeps the last weights where nobody asks for the best", async () => {
    const { last, weights } = await evaluated([1, 5, 2, 3, 4, 2], {});
    expect(last).toEqual(weights[5]);
  });

  it("names a metric that is missing or no number", async () => {
    await expect(evaluated([1], { metric: "f2" })).rejects.toThrow(
      "evaluate.metric: f2: the evaluation of step 2 gives no such metric. Nearest: f1.",
    );
    await expect(evaluated([Number.NaN], {})).rejects.toThrow("evaluate.metric: f1: is NaN at step 2.");
  });
});
