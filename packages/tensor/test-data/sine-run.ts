import { silent, streams } from "@kgraft/runtime";
import {
  type BatchSource,
  type LossFunction,
  type ParameterSpec,
  Parameters,
  type TensorBatch,
  type TrainOptions,
  tf,
  toDevice,
  type Weights,
} from "../src/index.ts";

/** A hidden layer of four and an output. */
export const sineSpecs: readonly ParameterSpec[] = [
  { name: "hidden.weight", shape: [4, 3], init: { kind: "normal", deviation: 0.5 }, role: "weight" },
  { name: "hidden.bias", shape: [4], init: { kind: "zeros" }, role: "bias" },
  { name: "out.weight", shape: [1, 4], init: { kind: "normal", deviation: 0.5 }, role: "weight" },
];

/** Batches of four rows of three numbers and a sine of them, another five each epoch. */
export const sineData: BatchSource = {
  batchesInEpoch: () => 5,
  batch: (epoch, index) => {
    const draw = streams(3).at("rows", epoch, index);
    const x = Float32Array.from({ length: 12 }, () => 2 * draw.uniform() - 1);
    const y = Float32Array.from({ length: 4 }, (_, i) => Math.sin((x[3 * i] ?? 0) + 2 * (x[3 * i + 1] ?? 0)));
    return {
      arrays: { x: { dtype: "float32", shape: [4, 3], data: x }, y: { dtype: "float32", shape: [4, 1], data: y } },
      ids: [0, 1, 2, 3].map((row) => `row-${epoch}-${index}-${row}`),
      tokens: 12,
    };
  },
};

/** float32 [4, 1] */
function sineModel(weights: Weights, { x }: TensorBatch): tf.Tensor {
  const inner = tf.matMul(x as tf.Tensor2D, weights.get("hidden.weight") as tf.Tensor2D, false, true);
  const hidden: tf.Tensor2D = tf.tanh(tf.add(inner, weights.get("hidden.bias"))); // [4, 4]
  return tf.matMul(hidden, weights.get("out.weight") as tf.Tensor2D, false, true);
}

/** The mean square error. */
export const sineLosses: LossFunction = (weights, batch) => {
  const error = tf.squaredDifference(sineModel(weights, batch), batch.y as tf.Tensor);
  return { square: { sum: tf.sum(error), weight: tf.sum(tf.onesLike(error)) } };
};

/** A short run of that model. */
export function sineRun(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    parameters: Parameters.create(sineSpecs, streams(1)),
    losses: sineLosses,
    data: sineData,
    length: { steps: 12 },
    optimiser: { name: "adamw", rate: 0.01 },
    schedule: { name: "linear", warmup: 0.25 },
    streams: streams(1),
    label: "sine",
    progress: silent,
    ...changes,
  };
}

/** Twenty steps of two batches with dropout, evaluations and a checkpoint every third step. */
export function resumableRun(folder: string, changes: Partial<TrainOptions> = {}): TrainOptions {
  const run = sineRun();
  return {
    ...run,
    losses: noisyLosses,
    length: { steps: 20 },
    accumulate: 2,
    clipNorm: 0.5,
    evaluate: { every: 4, run: () => sineError(run.parameters), metric: "error", goal: "min" },
    checkpoint: { folder, everySteps: 3, keep: 2, configHash: "sine-1", resume: true },
    ...changes,
  };
}

/** Two losses whose inputs are disturbed by the dropout key, so that a wrong key shows. */
const noisyLosses: LossFunction = (weights, batch, context) => {
  const noise = tf.mul(tf.cast(tf.mod(context.key as tf.Tensor, 7), "float32"), 0.01);
  const x = tf.add(batch.x as tf.Tensor, tf.sum(noise));
  const out = tf.abs(sineModel(weights, { x }));
  return {
    ...sineLosses(weights, { ...batch, x }, context),
    size: { sum: tf.sum(out), weight: tf.scalar(4) },
  };
};

/** The mean square error on one batch that no epoch holds. */
async function sineError(parameters: Parameters): Promise<{ error: number }> {
  const { arrays } = await sineData.batch(99, 0);
  const batch = toDevice(arrays);
  const error = tf.tidy(() => tf.mean(tf.squaredDifference(sineModel(parameters, batch), batch.y as tf.Tensor)));
  const [value] = await error.data();
  tf.dispose([error, { ...batch }]);
  return { error: value as number };
}
