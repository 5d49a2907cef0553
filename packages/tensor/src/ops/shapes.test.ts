import { beforeAll, expect, test } from "vitest";
import { openBackend, ops, tf } from "../index.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

const ones = (...shape: number[]): tf.Tensor => tf.ones(shape);

test.each<[string, () => unknown]>([
  ["tensor.linear: weight is float32 [4, 3]. Wanted [out, 2] = [out, in].", () => ops.linear(ones(5, 2), ones(4, 3))],
  ["tensor.linear: bias is float32 [3]. Wanted [4] = [out].", () => ops.linear(ones(5, 2), ones(4, 2), ones(3))],
  ["tensor.layerNorm: gain is float32 [3]. Wanted [2] = [H].", () => ops.layerNorm(ones(5, 2), ones(3), ones(2), 1)],
  ["tensor.embedding: ids is float32 [2]. Wanted int32 [...].", () => ops.embedding(ones(4, 2), ones(2))],
  ["tensor.gatherRows: rows is float32 [1, 1]. Wanted int32 [K].", () => ops.gatherRows(ones(4, 2), ones(1, 1))],
  [
    "tensor.attention: query is float32 [2, 3, 4]. Wanted [B, Tq, H] with H a multiple of 3 heads.",
    () => ops.attention(ones(2, 3, 4), ones(2, 3, 4), ones(2, 3, 4), { heads: 3 }),
  ],
  [
    "tensor.attention: key is float32 [1, 3, 4]. Wanted [2, Tk, 4] = [B, Tk, H].",
    () => ops.attention(ones(2, 3, 4), ones(1, 3, 4), ones(2, 3, 4), { heads: 2 }),
  ],
  [
    "tensor.attention: bias is float32 [2, 3, 3]. Wanted [2, 1|2, 1|3, 3] = [B, 1|A, 1|Tq, Tk].",
    () => ops.attention(ones(2, 3, 4), ones(2, 3, 4), ones(2, 3, 4), { heads: 2, bias: ones(2, 3, 3) }),
  ],
  ["tensor.visibleBias: visible is float32 [2, 3]. Wanted bool [B, 1|Tq, Tk].", () => ops.visibleBias(ones(2, 3))],
  [
    "tensor.softmaxCrossEntropy: labels is float32 [4]. Wanted int32 [4] = [N].",
    () => ops.softmaxCrossEntropy(ones(4, 2), ones(4), ones(4)),
  ],
  [
    "tensor.sigmoidCrossEntropy: targets is float32 [4, 3]. Wanted float32 [4, 2] as the logits.",
    () => ops.sigmoidCrossEntropy(ones(4, 2), ones(4, 3), ones(4)),
  ],
  [
    "tensor.tiedVocabularyLoss: table is float32 [9, 3]. Wanted float32 [V, 2] = [V, H].",
    () => ops.tiedVocabularyLoss(ones(4, 2), ones(9, 3), ones(9), tf.zeros([4], "int32"), ones(4)),
  ],
  [
    "tensor.dropoutResidualNorm: residual is float32 [2]. Wanted [4, 2] as x.",
    () => ops.dropoutResidualNorm(ones(4, 2), ones(2), ones(2), ones(2), 1e-5, 0, { training: false }, "x"),
  ],
])("%s", (message, call) => {
  expect(call).toThrow(message);
});

test("visibleBias hides, and lets a row that sees nothing see itself", () => {
  const visible = tf.tensor([1, 0, 0, 0, 0, 0, 1, 1, 1], [1, 3, 3], "bool");
  const bias = ops.visibleBias(visible);
  expect(bias.shape).toEqual([1, 1, 3, 3]);
  expect(Array.from(bias.dataSync(), (value) => value === 0)).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
    true,
    true,
    true,
  ]);
  const padding = ops.visibleBias(tf.zeros([2, 1, 3], "bool"));
  expect(padding.shape).toEqual([2, 1, 1, 3]);
  const y = ops.attention(ones(2, 3, 2), ones(2, 3, 2), ones(2, 3, 2), { heads: 1, bias: padding });
  expect(Array.from(y.dataSync()).every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
});

test("frozen inputs cost no gradient: none is computed for what is not asked for", () => {
  const [x, weight] = [tf.variable(ones(3, 2)), tf.variable(ones(4, 2))];
  const { grads } = tf.variableGrads(() => tf.sum(ops.linear(x, weight)) as tf.Scalar, [weight]);
  expect(Object.keys(grads)).toEqual([weight.name]);
  expect(Array.from(grads[weight.name]?.dataSync() ?? [])).toEqual(new Array(8).fill(3));
  tf.dispose([x, weight, grads]);
});

test("a step leaves no tensor behind", () => {
  const table = tf.variable(ones(6, 4));
  const step = (): void => {
    const { value, grads } = tf.variableGrads(() => {
      const hidden = ops.embedding(table, tf.tensor2d([0, 1, 2, 3], [2, 2], "int32"));
      const attended = ops.attention(hidden, hidden, hidden, { heads: 2 });
      const normal = ops.layerNorm(ops.gelu(attended), tf.ones([4]), tf.zeros([4]), 1e-12);
      const rows = tf.reshape(normal, [4, 4]);
      return ops.tiedVocabularyLoss(rows, table, tf.zeros([6]), tf.zeros([4], "int32"), tf.ones([4])).sum;
    });
    tf.dispose([value, grads]);
  };
  step();
  const { numTensors, numBytes } = tf.memory();
  for (let i = 0; i < 3; i++) tf.tidy(step);
  expect(tf.memory()).toMatchObject({ numTensors, numBytes });
  table.dispose();
});
