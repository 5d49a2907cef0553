import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { sineData, sineLosses, sineRun, sineSpecs } from "../../test-data/sine-run.ts";
import { type BatchSource, openBackend, Parameters, type TrainOptions, tf, train } from "../index.ts";

/** The sine's batches, but from this one on a value of another kind. */
const spoilt = (from: number, value: number): BatchSource => ({
  ...sineData,
  batch: async (epoch, index) => {
    const batch = await sineData.batch(epoch, index);
    if (epoch * 5 + index >= from) batch.arrays.y?.data.fill(value);
    return batch;
  },
});

async function failure(changes: Partial<TrainOptions>): Promise<{ message: string; code: string; exitCode: number }> {
  const run = sineRun(changes);
  try {
    await train(run);
  } catch (thrown) {
    return thrown as { message: string; code: string; exitCode: number };
  } finally {
    run.parameters.dispose();
  }
  throw new Error("the run ended well");
}

describe.each(testedBackends)("a failing run on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("stops at a loss that is no number, and keeps weights and checkpoint of before", async () => {
    const folder = await mkdtemp(join(tmpdir(), "failure-"));
    const parameters = Parameters.create(sineSpecs, streams(1));
    const seen: (ReadonlyMap<string, Float32Array> | undefined)[] = [];
    const run = sineRun({
      parameters,
      data: spoilt(6, Number.NaN),
      checkpoint: { folder, everySteps: 3, keep: 2, configHash: "a", resume: false },
      evaluate: {
        every: 6,
        metric: "zero",
        run: async () => {
          seen.push(await parameters.snapshot());
          return { zero: 0 };
        },
      },
    });
    await expect(train(run)).rejects.toThrow(
      'sine: step 7: loss "square" is NaN. Batch: row-1-1-0, row-1-1-1, row-1-1-2, row-1-1-3. The last checkpoint is intact.',
    );
    expect(await parameters.snapshot()).toEqual(seen[0]);
    expect((await readdir(folder)).sort()).toEqual(["step-3", "step-6"]);
    parameters.dispose();
    await rm(folder, { recursive: true });
  });

  it("stops at an infinite loss and at gradients that are no numbers", async () => {
    const infinite = await failure({ data: spoilt(0, 1e30) });
    expect(infinite.message).toContain('step 1: loss "square" is Infinity.');
    expect(infinite).toMatchObject({ code: "tensor.train.diverged", exitCode: 1 });
    const root = await failure({
      clipNorm: 1,
      losses: (weights, batch, context) => {
        const { square } = sineLosses(weights, batch, context);
        const sum = tf.sqrt(tf.mul((square as { sum: tf.Scalar }).sum, 0)) as tf.Scalar;
        return { root: { sum, weight: tf.scalar(1) } };
      },
    });
    expect(root.message).toContain("step 1: the gradients' norm is NaN.");
  });

  it("names step, examples and cause where an op fails", async () => {
    const { message, code } = await failure({
      accumulate: 3,
      losses: (weights, { x }) => ({
        a: {
          sum: tf.sum(tf.matMul(x as tf.Tensor2D, weights.get("out.weight") as tf.Tensor2D)) as tf.Scalar,
          weight: tf.scalar(1),
        },
      }),
    });
    expect(message).toMatch(
      /^sine: step 1: failed: .*(inner shapes|size-incompatible).* Batch: row-0-0-0, .*, … \(12 examples\)\.$/,
    );
    expect(code).toBe("tensor.train.step");
  });
});

describe("a failing run", () => {
  beforeAll(async () => void (await openBackend("cpu")));

  it("names the batch's shape where memory is short", async () => {
    const { message, code } = await failure({
      losses: (weights, batch, context) => {
        tf.zeros([1 << 20, 1 << 20]);
        return sineLosses(weights, batch, context);
      },
    });
    expect(message).toMatch(
      /^sine: step 1: out of memory on a batch of x float32 \[4, 3\], y float32 \[4, 1\] \(.*\)\. Make batches smaller or shorter, and accumulate more/,
    );
    expect(code).toBe("tensor.train.memory");
  });

  it("says what is wrong with a batch", async () => {
    const arrays = (x: unknown): Partial<TrainOptions> => ({
      data: { batchesInEpoch: () => 1, batch: () => ({ arrays: { x } as never }) },
    });
    expect((await failure(arrays({ dtype: "int32", shape: [1], data: new Float32Array(1) }))).message).toBe(
      "batch.x: is int32 in a Float32Array. Wanted Int32Array.",
    );
    expect((await failure(arrays({ dtype: "bool", shape: [2, 2], data: new Uint8Array(3) }))).message).toBe(
      "batch.x: has 3 values. Its shape [2, 2] takes 4.",
    );
  });

  it("says what is wrong with its length", async () => {
    const empty = await failure({ data: { ...sineData, batchesInEpoch: () => 0 } });
    expect(empty.message).toBe("train.data: epoch 0 has no batch. Wanted at least one example to train on.");
    expect(empty.exitCode).toBe(2);
    expect((await failure({ length: { epochs: 0 } })).message).toBe(
      "length.epochs: is 0. Wanted a whole number above 0.",
    );
    expect((await failure({ length: { steps: 1.5 } })).message).toBe(
      "length.steps: is 1.5. Wanted a whole number above 0.",
    );
    expect((await failure({ accumulate: -1 })).message).toBe("accumulate: is -1. Wanted a whole number above 0.");
  });

  it("passes on what a source throws, at the step that needed it", async () => {
    const steps: number[] = [];
    const { message } = await failure({
      data: {
        ...sineData,
        batch: async (epoch, index) => {
          if (index === 3) throw new Error("the file is gone");
          return sineData.batch(epoch, index);
        },
      },
      onStep: ({ step }) => steps.push(step),
    });
    expect(message).toBe("the file is gone");
    expect(steps).toEqual([1, 2, 3]);
  });
});
