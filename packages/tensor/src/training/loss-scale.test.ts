import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { sineRun } from "../../test-data/sine-run.ts";
import { openBackend, type StepRecord, type TrainOptions, tf, train } from "../index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loss-scale-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(changes: Partial<TrainOptions>) {
  const scaling: StepRecord["scaling"][] = [];
  // 16: gradients well above 1, of which the largest scales make infinity.
  const options = sineRun({
    schedule: { name: "constant" },
    lossWeights: { square: 16 },
    onStep: (step) => scaling.push(step.scaling),
    ...changes,
  });
  const { losses } = await train(options);
  const weights = await options.parameters.snapshot();
  options.parameters.dispose();
  return { losses, weights, scaling };
}

/** Two of it are infinite. */
const tooLarge = 2 ** 127;

describe.each(testedBackends)("scaled losses on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it.each([
    ["clipped", { clipNorm: 0.5 }],
    ["accumulated", { accumulate: 2, length: { steps: 6 } }],
  ])("train to the same bytes, since a power of two changes no digit: %s", async (_, changes) => {
    const plain = await run(changes);
    const scaled = await run({ ...changes, lossScaling: { scale: 1024 } });
    expect(scaled.weights).toEqual(plain.weights);
    expect(scaled.losses).toEqual(plain.losses);
    expect(plain.scaling[0]).toBeUndefined();
    expect(scaled.scaling[0]).toEqual({ scale: 1024, skipped: false });
  });

  it("leave the update out and halve where gradients overflow, and grow after so many good steps", async () => {
    const before = tf.memory().numTensors;
    const { scaling, losses } = await run({ lossScaling: { initial: tooLarge, growEvery: 3 } });
    const skips = scaling.filter((step) => step?.skipped).length;
    expect(skips).toBeGreaterThan(0);
    for (const [i, step] of scaling.entries()) {
      const next = scaling[i + 1];
      if (step?.skipped && next) expect(next.scale).toBe(step.scale / 2);
    }
    const grown = scaling.findIndex(
      (step, i) => i > 0 && step !== undefined && step.scale === 2 * (scaling[i - 1]?.scale ?? 0),
    );
    expect(scaling.slice(grown - 3, grown).map((step) => step?.skipped)).toEqual([false, false, false]);
    expect(losses.square).toHaveLength(12);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("keep weights and moments in a step that is left out", async () => {
    const one = await run({ lossScaling: { initial: tooLarge }, length: { steps: 1 } });
    expect(one.scaling).toEqual([{ scale: tooLarge, skipped: true }]);
    const { parameters } = sineRun();
    expect(one.weights).toEqual(await parameters.snapshot());
    parameters.dispose();
  });

  it("go on from a checkpoint as if never stopped", async () => {
    const lossScaling = { initial: tooLarge, growEvery: 2 };
    const whole = await run({ lossScaling });
    const stop = new AbortController();
    const place = join(folder, backend);
    const checkpoint = { folder: place, everySteps: 100, keep: 1, configHash: "a", resume: true };
    await run({
      ...{ lossScaling, checkpoint, signal: stop.signal },
      onStep: ({ step }) => step === 5 && stop.abort(),
    });
    const state = JSON.parse(await readFile(join(place, "step-5/state.json"), "utf8"));
    expect(state.scaling).toMatchObject({ scale: expect.any(Number), good: expect.any(Number) });
    const resumed = await run({ lossScaling, checkpoint });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.scaling).toEqual(whole.scaling.slice(5));
  });
});

describe("a scale", () => {
  beforeAll(async () => void (await openBackend("cpu")));

  it("that is fixed and overflows ends the run", async () => {
    await expect(run({ lossScaling: { scale: tooLarge } })).rejects.toThrow(/^sine: step 1: the gradients' norm is /);
  });

  it.each([
    [{ scale: 0 }, "lossScaling.scale: is 0. Wanted a number of at least 1."],
    [{ initial: Number.NaN }, "lossScaling.initial: is NaN. Wanted a number of at least 1."],
    [{ growEvery: 1.5 }, "lossScaling.growEvery: is 1.5. Wanted a whole number above 0."],
  ])("%j is refused", async (lossScaling, message) => {
    await expect(run({ lossScaling })).rejects.toThrow(message);
  });
});
