import { expect, test } from "vitest";
import { openBackend, ops, tf } from "../index.ts";

/**
 * At sizes where loops are split over threads and vectors, with rests: the ops against plain compositions of
 * TensorFlow.js on the same backend.
 */
const native = await openBackend("native").then(
  () => undefined,
  (error: Error) => error.message,
);
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, "float32", seed);

interface Pair {
  readonly name: string;
  readonly inputs: readonly (readonly number[])[];
  readonly op: (...x: tf.Tensor[]) => tf.Tensor;
  readonly plain: (...x: tf.Tensor[]) => tf.Tensor;
}
type Three = [tf.Tensor, tf.Tensor, tf.Tensor];

/** softmax(Q Kᵀ / √D + bias), with a mask of dropout, V: over heads of their own. */
function plainAttention([q, k, v]: Three, heads: number, bias: tf.Tensor, mask?: tf.Tensor): tf.Tensor {
  const [batch, queries, width] = q.shape as [number, number, number];
  const apart = (x: tf.Tensor): tf.Tensor =>
    tf.transpose(tf.reshape(x, [batch, x.shape[1] as number, heads, width / heads]), [0, 2, 1, 3]);
  const scores = tf.mul(tf.matMul(apart(q), apart(k), false, true), 1 / Math.sqrt(width / heads));
  const weights = tf.softmax(tf.add(scores, bias));
  const used = mask === undefined ? weights : tf.mul(weights, mask);
  return tf.reshape(tf.transpose(tf.matMul(used, apart(v)), [0, 2, 1, 3]), [batch, queries, width]);
}

const dropout = () => ({ rate: 0.3, context: { training: true, key: tf.tensor1d([5, 6], "int32") }, site: "large" });

const visible = (): tf.Tensor => tf.greater(normal([3, 37, 37], 9), -0.5);
const labels = (): tf.Tensor1D => tf.cast(tf.range(0, 301, 1), "int32") as tf.Tensor1D;

const PAIRS: readonly Pair[] = [
  {
    name: "linear",
    inputs: [[7, 43, 67], [129, 67], [129]],
    op: (...x) => ops.linear(...(x as Three)),
    plain: (...t) => {
      const [x, w, b] = t as Three;
      return tf.reshape(tf.add(tf.matMul(tf.reshape(x, [301, 67]), w, false, true), b), [7, 43, 129]);
    },
  },
  {
    name: "layerNorm",
    inputs: [[301, 131], [131], [131]],
    op: (...x) => ops.layerNorm(...(x as Three), 1e-5),
    plain: (...t) => {
      const [x, gain, bias] = t as Three;
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), bias);
    },
  },
  {
    name: "gelu",
    inputs: [[301, 131]],
    op: (x) => ops.gelu(tf.mul(x as tf.Tensor, 3)),
    plain: (t) => {
      const x = tf.mul(t as tf.Tensor, 3);
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    },
  },
  {
    name: "geluTanh",
    inputs: [[301, 131]],
    op: (x) => ops.geluTanh(tf.mul(x as tf.Tensor, 3)),
    plain: (t) => {
      const x = tf.mul(t as tf.Tensor, 3);
      const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    },
  },
  {
    name: "attention",
    inputs: [
      [3, 37, 20],
      [3, 37, 20],
      [3, 37, 20],
    ],
    op: (...x) => ops.attention(...(x as Three), { heads: 4, bias: ops.visibleBias(visible()) }),
    plain: (...t) => {
      const hidden = tf.mul(tf.sub(1, tf.cast(tf.expandDims(visible(), 1), "float32")), -1e9);
      return plainAttention(t as Three, 4, hidden);
    },
  },
  {
    name: "attention over other keys",
    inputs: [
      [2, 101, 15],
      [2, 53, 15],
      [2, 53, 15],
    ],
    op: (...x) => ops.attention(...(x as Three), { heads: 3, bias: normal([2, 3, 101, 53], 7) }),
    plain: (...t) => plainAttention(t as Three, 3, normal([2, 3, 101, 53], 7)),
  },
  {
    name: "attention with dropout",
    inputs: [
      [2, 60, 34],
      [2, 60, 34],
      [2, 60, 34],
    ],
    op: (...x) => ops.attention(...(x as Three), { heads: 2, dropout: dropout() }),
    plain: (...t) => {
      const { rate, context, site } = dropout();
      return plainAttention(t as Three, 2, tf.scalar(0), ops.dropout(tf.ones([2, 2, 60, 60]), rate, context, site));
    },
  },
  {
    name: "tiedVocabularyLoss",
    inputs: [[301, 33], [3001, 33], [3001]],
    op: (...x) => ops.tiedVocabularyLoss(...(x as Three), labels(), tf.ones([301])).sum,
    plain: (...t) => {
      const [hidden, table, bias] = t as Three;
      const logits = tf.logSoftmax(tf.add(tf.matMul(hidden, table, false, true), bias));
      return tf.neg(tf.sum(tf.mul(logits, tf.cast(tf.oneHot(labels(), 3001), "float32"))));
    },
  },
];

const largest = (x: tf.Tensor): number => tf.max(tf.abs(x)).dataSync()[0] as number;

test.skipIf(native !== undefined).each(PAIRS)(
  `$name equals its plain composition at odd sizes on native${native === undefined ? "" : ` (skipped: ${native})`}`,
  async ({ inputs, op, plain }) => {
    await openBackend("native");
    const tensors = inputs.map((shape, i) => normal([...shape], i + 1));
    const [y, wanted] = [op(...tensors), plain(...tensors)];
    expect(y.shape).toEqual(wanted.shape);
    expect(largest(tf.sub(y, wanted)) / Math.max(1, largest(wanted))).toBeLessThan(2e-6);
    const cotangent = y.rank === 0 ? tf.scalar(1) : normal(y.shape, 99);
    const [got, expected] = [tf.grads(op)(tensors, cotangent), tf.grads(plain)(tensors, cotangent)];
    for (const [i, gradient] of got.entries()) {
      const other = expected[i] as tf.Tensor;
      expect(largest(tf.sub(gradient, other)) / Math.max(1, largest(other)), `input ${i}`).toBeLessThan(1e-5);
    }
  },
);
