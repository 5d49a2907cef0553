import { silent, streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import {
  type BatchSource,
  type LossFunction,
  openBackend,
  type ParameterSpec,
  Parameters,
  scheduleFactor,
  tf,
  train,
} from "../index.ts";

const [rows, inputs, hidden, classes] = [6, 5, 8, 3];
const epsilon = 1e-5;

const specs: readonly ParameterSpec[] = [
  { name: "w1", shape: [hidden, inputs], init: { kind: "normal", deviation: 0.4 }, role: "weight" },
  { name: "b1", shape: [hidden], init: { kind: "uniform", limit: 0.2 }, role: "bias" },
  { name: "gamma", shape: [hidden], init: { kind: "ones" }, role: "normalization" },
  { name: "beta", shape: [hidden], init: { kind: "zeros" }, role: "normalization" },
  { name: "w2", shape: [classes, hidden], init: { kind: "normal", deviation: 0.4 }, role: "weight" },
  { name: "b2", shape: [classes], init: { kind: "zeros" }, role: "bias" },
];

const data: BatchSource = {
  batchesInEpoch: () => 7,
  batch: (epoch, index) => {
    const draw = streams(5).at("rows", epoch, index);
    const x = draw.fillNormal(new Float32Array(rows * inputs), 1);
    const label = Int32Array.from({ length: rows }, (_, r) =>
      (x[r * inputs] ?? 0) > 0.3 ? 2 : (x[r * inputs + 1] ?? 0) > 0 ? 1 : 0,
    );
    return {
      arrays: {
        x: { dtype: "float32", shape: [rows, inputs], data: x },
        label: { dtype: "int32", shape: [rows], data: label },
      },
    };
  },
};

/** Dense, tanh, layer norm, dense, softmax cross-entropy. */
const losses: LossFunction = (weights, { x, label }) => {
  const inner = tf.add(tf.matMul(x as tf.Tensor2D, weights.get("w1") as tf.Tensor2D, false, true), weights.get("b1"));
  const h = tf.tanh(inner);
  const { mean, variance } = tf.moments(h, 1, true);
  const normal = tf.div(tf.sub(h, mean), tf.sqrt(tf.add(variance, epsilon)));
  const n: tf.Tensor2D = tf.add(tf.mul(normal, weights.get("gamma")), weights.get("beta"));
  const logits = tf.add(tf.matMul(n, weights.get("w2") as tf.Tensor2D, false, true), weights.get("b2"));
  const picked = tf.mul(tf.logSoftmax(logits), tf.oneHot(label as tf.Tensor1D, classes));
  return { cross: { sum: tf.neg(tf.sum(picked)), weight: tf.scalar(rows) } };
};

type Values = Record<string, Float64Array>;
const at = (values: ArrayLike<number> | undefined, i: number): number => values?.[i] as number;

/** The same model in plain float64 with its derivatives by hand. */
function referenceStep(p: Values, x: Float32Array, label: Int32Array): { loss: number; gradients: Values } {
  const g: Values = Object.fromEntries(Object.entries(p).map(([name, v]) => [name, new Float64Array(v.length)]));
  const add = (name: string, i: number, value: number): void => {
    (g[name] as Float64Array)[i] = at(g[name], i) + value;
  };
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    const h = Array.from({ length: hidden }, (_, j) => {
      let sum = at(p.b1, j);
      for (let k = 0; k < inputs; k++) sum += at(p.w1, j * inputs + k) * at(x, r * inputs + k);
      return Math.tanh(sum);
    });
    const mean = h.reduce((a, b) => a + b) / hidden;
    const root = Math.sqrt(h.reduce((a, b) => a + (b - mean) ** 2, 0) / hidden + epsilon);
    const z = h.map((value) => (value - mean) / root);
    const n = z.map((value, j) => value * at(p.gamma, j) + at(p.beta, j));
    const logits = Array.from({ length: classes }, (_, c) =>
      n.reduce((sum, value, j) => sum + value * at(p.w2, c * hidden + j), at(p.b2, c)),
    );
    const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
    loss -= (at(logits, at(label, r)) - Math.log(total)) / rows;
    const dLogits = logits.map((value, c) => (Math.exp(value) / total - (c === at(label, r) ? 1 : 0)) / rows);
    const dN = Array.from({ length: hidden }, (_, j) =>
      dLogits.reduce((sum, d, c) => sum + d * at(p.w2, c * hidden + j), 0),
    );
    for (const [c, d] of dLogits.entries()) {
      add("b2", c, d);
      for (let j = 0; j < hidden; j++) add("w2", c * hidden + j, d * at(n, j));
    }
    const dZ = dN.map((d, j) => d * at(p.gamma, j));
    const meanD = dZ.reduce((a, b) => a + b) / hidden;
    const meanDZ = dZ.reduce((sum, d, j) => sum + d * at(z, j), 0) / hidden;
    for (let j = 0; j < hidden; j++) {
      add("gamma", j, at(dN, j) * at(z, j));
      add("beta", j, at(dN, j));
      const dH = (at(dZ, j) - meanD - at(z, j) * meanDZ) / root;
      const dInner = dH * (1 - at(h, j) ** 2);
      add("b1", j, dInner);
      for (let k = 0; k < inputs; k++) add("w1", j * inputs + k, dInner * at(x, r * inputs + k));
    }
  }
  return { loss, gradients: g };
}

const rate = 0.02;
const decay = 0.1;
const [beta1, beta2, adamEpsilon] = [0.9, 0.98, 1e-6];
const limit = 0.8;
const steps = 50;

/** AdamW line by line as PyTorch's documentation states it, after its `clip_grad_norm_`, with a linear schedule. */
async function referenceRun(start: ReadonlyMap<string, Float32Array>): Promise<{ curve: number[]; values: Values }> {
  const p: Values = Object.fromEntries(Array.from(start, ([name, v]) => [name, Float64Array.from(v)]));
  const zeros = (): Values =>
    Object.fromEntries(Object.entries(p).map(([name, v]) => [name, new Float64Array(v.length)]));
  const [m, v] = [zeros(), zeros()];
  const curve: number[] = [];
  for (let t = 1; t <= steps; t++) {
    const { arrays } = await data.batch(Math.floor((t - 1) / 7), (t - 1) % 7);
    const { loss, gradients } = referenceStep(p, arrays.x?.data as Float32Array, arrays.label?.data as Int32Array);
    curve.push(loss);
    const norm = Math.sqrt(Object.values(gradients).reduce((sum, g) => sum + g.reduce((a, b) => a + b * b, 0), 0));
    const clip = Math.min(1, limit / (norm + 1e-6));
    const lr = rate * (t - 1 < 5 ? (t - 1) / 5 : (steps - (t - 1)) / (steps - 5));
    for (const [name, values] of Object.entries(p)) {
      const decayed = name.startsWith("w") ? decay : 0;
      for (let i = 0; i < values.length; i++) {
        const g = at(gradients[name], i) * clip;
        values[i] = at(values, i) * (1 - lr * decayed);
        (m[name] as Float64Array)[i] = beta1 * at(m[name], i) + (1 - beta1) * g;
        (v[name] as Float64Array)[i] = beta2 * at(v[name], i) + (1 - beta2) * g * g;
        const mHat = at(m[name], i) / (1 - beta1 ** t);
        const vHat = at(v[name], i) / (1 - beta2 ** t);
        values[i] = at(values, i) - (lr * mHat) / (Math.sqrt(vHat) + adamEpsilon);
      }
    }
  }
  return { curve, values: p };
}

describe.each(testedBackends)("fifty steps on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("follow a float64 reference of model, derivatives, clipping, schedule and AdamW", async () => {
    const parameters = Parameters.create(specs, streams(2));
    const reference = await referenceRun(await parameters.snapshot());
    const result = await train({
      parameters,
      losses,
      data,
      length: { steps },
      optimiser: { name: "adamw", rate, decay, beta1, beta2, epsilon: adamEpsilon },
      schedule: { name: "linear", warmup: 5 },
      clipNorm: limit,
      streams: streams(2),
      label: "reference",
      progress: silent,
    });
    const worst = Math.max(...reference.curve.map((loss, i) => Math.abs(loss - at(result.losses.cross, i))));
    expect(worst).toBeLessThan(1e-4);
    expect(at(reference.curve, 49)).toBeLessThan(0.5 * at(reference.curve, 0));
    for (const [name, values] of await parameters.snapshot())
      for (const [i, value] of values.entries())
        expect(Math.abs(value - at(reference.values[name], i))).toBeLessThan(1e-4);
    parameters.dispose();
  });
});

it("the reference's schedule is the trainer's", () => {
  for (const step of [0, 3, 5, 49])
    expect(scheduleFactor({ name: "linear", warmup: 5 }, step, 50)).toBeCloseTo(
      step < 5 ? step / 5 : (50 - step) / 45,
      12,
    );
});
