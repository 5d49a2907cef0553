import { silent, streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { sineRun } from "../../test-data/sine-run.ts";
import {
  type BatchSource,
  gradients,
  type HostArray,
  type LossFunction,
  openBackend,
  type ParameterSpec,
  Parameters,
  tf,
  toDevice,
  train,
} from "../index.ts";

const specs: readonly ParameterSpec[] = [
  { name: "w", shape: [2], init: { kind: "ones" }, role: "weight" },
  { name: "unused", shape: [1], init: { kind: "ones" }, role: "weight" },
];
const context = { training: false };

/** `line`: Σ mask · (w0 x + w1 - y)², weight Σ mask; `size`: Σ w0², weight the number of rows. */
const losses: LossFunction = (weights, { x, y, mask }) => {
  const w = weights.get("w");
  const w0 = tf.slice(w, 0, 1);
  const out = tf.add(tf.mul(x as tf.Tensor, w0), tf.slice(w, 1, 1));
  const error = tf.mul(tf.squaredDifference(out, y as tf.Tensor), mask as tf.Tensor);
  return {
    line: { sum: tf.sum(error), weight: tf.sum(mask as tf.Tensor) },
    size: { sum: tf.mul(tf.sum(tf.square(w0)), tf.sum(tf.onesLike(out))), weight: tf.sum(tf.onesLike(out)) },
  };
};

const floats = (...data: number[]): HostArray => ({
  dtype: "float32",
  shape: [data.length],
  data: Float32Array.from(data),
});
const rows = [
  { x: floats(1, 2, 3), y: floats(0, 1, 5), mask: floats(1, 1, 0) },
  { x: floats(4, 5, 6), y: floats(1, 9, 9), mask: floats(1, 0, 0) },
];
const together = { x: floats(1, 2, 3, 4, 5, 6), y: floats(0, 1, 5, 1, 9, 9), mask: floats(1, 1, 0, 1, 0, 0) };

describe.each(testedBackends)("gradients on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("are those of the weighted sum of means", () => {
    const parameters = Parameters.create(specs, streams(1));
    const batch = toDevice(rows[0] ?? {});
    const found = gradients(losses, parameters, batch, context, { size: 0.5 });
    expect(Object.keys(found.gradients)).toEqual(["w"]);
    // Errors 2, 2 with x 1, 2: d line = 2 (2 · 1 + 2 · 2) / 2 and 2 (2 + 2) / 2; d size = 0.5 · 2.
    expect([...(found.gradients.w as tf.Tensor).dataSync()]).toEqual([6 + 1, 4]);
    expect(found.losses.line?.sum.dataSync()[0]).toBe(8);
    expect(found.losses.line?.weight.dataSync()[0]).toBe(2);
    expect(found.losses.size?.weight.dataSync()[0]).toBe(3);
    parameters.dispose();
  });

  it("of a loss that counts nothing are zero, not NaN", () => {
    const parameters = Parameters.create(specs, streams(1));
    const batch = toDevice({ ...rows[0], mask: floats(0, 0, 0) });
    const found = gradients(losses, parameters, batch, context, { size: 0 });
    expect([...(found.gradients.w as tf.Tensor).dataSync()]).toEqual([0, 0]);
    parameters.dispose();
  });

  it.each([
    ["two losses", losses],
    ["one loss", ((w, b, c) => ({ line: losses(w, b, c).line })) as LossFunction],
  ])("of accumulated uneven batches are those of one, with %s", async (_, chosen) => {
    const parts: BatchSource = { batchesInEpoch: () => 2, batch: (_epoch, index) => ({ arrays: rows[index] ?? {} }) };
    const whole: BatchSource = { batchesInEpoch: () => 1, batch: () => ({ arrays: together }) };
    const snapshots: (Float32Array | undefined)[] = [];
    for (const [data, accumulate] of [
      [parts, 2],
      [whole, 1],
    ] as const) {
      const parameters = Parameters.create(specs, streams(1));
      const optimiser = { name: "sgd", rate: 0.01 } as const;
      const run = {
        parameters,
        losses: chosen,
        data,
        accumulate,
        length: { steps: 3 },
        optimiser,
        streams: streams(1),
      };
      const result = await train({ ...run, schedule: { name: "constant" }, label: "accumulated", progress: silent });
      expect(result.losses.line?.[0]).toBeCloseTo((4 + 4 + 16) / 3, 5);
      snapshots.push((await parameters.snapshot()).get("w"));
      parameters.dispose();
    }
    for (const i of [0, 1]) expect(snapshots[0]?.[i]).toBeCloseTo(snapshots[1]?.[i] as number, 6);
    expect(snapshots[0]?.[0]).not.toBe(1);
  });
});

describe("passes forward", () => {
  beforeAll(async () => void (await openBackend("cpu")));
  it.each([
    ["one loss: one a batch", ((w, b, c) => ({ line: losses(w, b, c).line })) as LossFunction, 2],
    ["two losses: one more for each batch but the first", losses, 3],
  ])("of two accumulated batches, %s", async (_, chosen, wanted) => {
    let passes = 0;
    const parameters = Parameters.create(specs, streams(1));
    await train({
      ...sineRun(),
      parameters,
      losses: (...given) => {
        passes++;
        return chosen(...given);
      },
      data: { batchesInEpoch: () => 2, batch: (_epoch, index) => ({ arrays: rows[index] ?? {} }) },
      accumulate: 2,
      length: { steps: 1 },
    });
    expect(passes).toBe(wanted);
    parameters.dispose();
  });
});

describe("memory of the pass backward", () => {
  beforeAll(async () => void (await openBackend("cpu")));
  it("shrinks as it goes: what was saved and what was passed on are given back", () => {
    const depth = 20;
    const parameters = Parameters.create([{ ...specs[0], shape: [1000] } as ParameterSpec], streams(1));
    const bytes: number[] = [];
    const watched = tf.customGrad((x) => ({
      value: tf.mul(x as tf.Tensor, 2),
      gradFunc: (dy: tf.Tensor) => {
        bytes.push(tf.memory().numBytes);
        return tf.mul(dy, 2);
      },
    }));
    gradients(
      (weights) => {
        let x = watched(weights.get("w"));
        for (let i = 0; i < depth; i++) x = tf.sin(x);
        const sum = tf.sum(watched(x)) as tf.Scalar;
        return { only: { sum, weight: tf.scalar(1) } };
      },
      parameters,
      {},
      context,
    );
    const [before, after] = bytes as [number, number];
    expect(before - after).toBeGreaterThan((depth - 1) * 4000);
    parameters.dispose();
  });
});

describe("a loss function", () => {
  beforeAll(async () => void (await openBackend("cpu")));
  const run =
    (found: LossFunction, lossWeights = {}) =>
    () => {
      const parameters = Parameters.create(specs, streams(1));
      try {
        gradients(found, parameters, toDevice(rows[0] ?? {}), context, lossWeights);
      } finally {
        parameters.dispose();
      }
    };
  it("is told what is wrong with it", () => {
    expect(run(() => ({}))).toThrow("the loss function: gives no loss.");
    expect(run((weights) => ({ line: { sum: weights.get("w") as tf.Scalar, weight: tf.scalar(1) } }))).toThrow(
      "line: sum has shape [2]. Wanted a scalar.",
    );
    expect(run(() => ({ line: { sum: tf.scalar(1), weight: tf.scalar(1) } }))).toThrow(
      "line: depends on no trainable parameter.",
    );
    expect(run(losses, { lime: 2 })).toThrow('lossWeights.lime: no loss "lime". Nearest: line');
    expect(run((weights) => ({ line: { sum: tf.sum(weights.get("v")), weight: tf.scalar(1) } }))).toThrow(
      'tensor.parameters: no parameter "v". 2 are declared: w, unused.',
    );
  });

  it("gets copies: what becomes of the host's buffers does not matter", async () => {
    const shared = new Float32Array(16);
    const data: BatchSource = {
      batchesInEpoch: () => 4,
      batch: (_, index) => {
        // One buffer for all batches, written anew each time.
        shared.fill(index);
        return { arrays: { x: { dtype: "float32", shape: [16], data: shared } } };
      },
    };
    const seen: number[] = [];
    const parameters = Parameters.create(specs, streams(1));
    await train({
      ...sineRun(),
      parameters,
      data,
      length: { steps: 4 },
      losses: (weights, { x }) => ({
        mean: { sum: tf.add(tf.mean(x as tf.Tensor), tf.mul(tf.sum(weights.get("w")), 0)), weight: tf.scalar(1) },
      }),
      onStep: ({ losses: { mean } }) => seen.push(mean as number),
    });
    expect(seen).toEqual([0, 1, 2, 3]);
    parameters.dispose();
  });
});
