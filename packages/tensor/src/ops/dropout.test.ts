import { beforeAll, describe, expect, test } from "vitest";
import { backends, inference, openBackend, ops, tf } from "../index.ts";
import { hashedUniform } from "./stateless-mask.ts";

const N = 200_000;
const key = (a: number, b: number) => ({ training: true, key: tf.tensor1d([a, b], "int32") });

/** Zeros and ones from a mask. */
const kept = (y: tf.Tensor): number[] => Array.from(y.dataSync(), (value) => (value === 0 ? 0 : 1));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Correlation of two series of zeros and ones. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [p, q] = [mean(a), mean(b)];
  return mean(a.map((x, i) => (x - p) * ((b[i] as number) - q))) / Math.sqrt(p * (1 - p) * q * (1 - q));
}

/** Five standard deviations of a correlation, or of a share, of N independent draws. */
const BOUND = 5 / Math.sqrt(N);

const present: { name: string; reason: string | undefined }[] = [];
for (const { name } of backends)
  present.push({
    name,
    reason: await openBackend(name).then(
      () => undefined,
      (error: Error) => error.message,
    ),
  });

for (const { name, reason } of present)
  describe.skipIf(reason !== undefined)(`on ${name}${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
    beforeAll(async () => {
      await openBackend(name);
    });

    test("gives the input itself outside training and at rate 0", () => {
      const x = tf.ones([4]);
      expect(ops.dropout(x, 0.5, inference, "a")).toBe(x);
      expect(ops.dropout(x, 0, key(1, 2), "a")).toBe(x);
    });

    test.each([0.1, 0.5, 0.9])("drops a share of %f and keeps the mean", (rate) => {
      const y = ops.dropout(tf.ones([N]), rate, key(7, 8), "layer.0");
      const values = new Set(y.dataSync());
      expect([...values].sort()).toEqual([0, Math.fround(1 / (1 - rate))]);
      expect(Math.abs(1 - mean(kept(y)) - rate)).toBeLessThan(BOUND * Math.sqrt(rate * (1 - rate)));
    });

    test("masks of one key are the same, of other keys, sites and neighbours independent", () => {
      const mask = (a: number, b: number, site = "layer.0"): number[] =>
        kept(ops.dropout(tf.ones([N]), 0.5, key(a, b), site));
      const one = mask(1, 2);
      expect(mask(1, 2)).toEqual(one);
      for (const other of [
        mask(2, 2),
        mask(1, 3),
        mask(2, 1),
        mask(-1, 2),
        mask(1, 2, "layer.1"),
        mask(1, 2, "0.layer"),
      ])
        expect(Math.abs(correlation(one, other))).toBeLessThan(BOUND);
      for (const lag of [1, 2, 3, 16, 64, 128, 256, 768, 1024])
        expect(Math.abs(correlation(one.slice(lag), one.slice(0, -lag))), `lag ${lag}`).toBeLessThan(BOUND * 1.01);
    });

    test("the number kept in groups of 64 spreads as a binomial does", () => {
      const mask = kept(ops.dropout(tf.ones([N]), 0.25, key(5, 6), "spread"));
      const counts = Array.from({ length: Math.floor(N / 64) }, (_, i) => mean(mask.slice(i * 64, (i + 1) * 64)) * 64);
      const variance = mean(counts.map((count) => (count - 48) ** 2));
      expect(variance / (64 * 0.25 * 0.75)).toBeGreaterThan(1 - 5 * Math.sqrt(2 / counts.length));
      expect(variance / (64 * 0.25 * 0.75)).toBeLessThan(1 + 5 * Math.sqrt(2 / counts.length));
    });

    test("the gradient passes where the value passed", () => {
      const f = (x: tf.Tensor): tf.Tensor => ops.dropout(x, 0.3, key(3, 4), "gradient");
      const x = tf.ones([1000]);
      expect(Array.from(tf.grad(f)(x).dataSync())).toEqual(Array.from(f(x).dataSync()));
    });

    test("inside other ops it does what it does alone", () => {
      const context = key(9, 10);
      const [x, residual] = [tf.randomNormal([6, 8], 0, 1, "float32", 1), tf.randomNormal([6, 8], 0, 1, "float32", 2)];
      const [gain, bias] = [tf.randomNormal([8], 1, 0.1, "float32", 3), tf.randomNormal([8], 0, 1, "float32", 4)];
      const inputs = [x, residual, gain, bias] as tf.Tensor[];
      const cotangent = tf.randomNormal([6, 8], 0, 1, "float32", 5);
      type Four = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const together = (...t: tf.Tensor[]): tf.Tensor =>
        ops.dropoutResidualNorm(...(t as Four), 1e-5, 0.4, context, "end");
      const apart = (...t: tf.Tensor[]): tf.Tensor => {
        const [a, r, g, b] = t as Four;
        return ops.layerNorm(tf.add(ops.dropout(a, 0.4, context, "end"), r), g, b, 1e-5);
      };
      expect(tf.max(tf.abs(tf.sub(together(...inputs), apart(...inputs)))).dataSync()[0]).toBeLessThan(1e-6);
      const [one, other] = [tf.grads(together)(inputs, cotangent), tf.grads(apart)(inputs, cotangent)];
      for (const [i, gradient] of one.entries())
        expect(tf.max(tf.abs(tf.sub(gradient, other[i] as tf.Tensor))).dataSync()[0]).toBeLessThan(1e-5);
    });

    test("attention with dropout has the weights of its mask", () => {
      const dropout = { rate: 0.5, context: key(11, 12), site: "attention" };
      const [q, k] = [tf.randomNormal([2, 3, 4], 0, 1, "float32", 1), tf.randomNormal([2, 5, 4], 0, 1, "float32", 2)];
      // Values that are the unit vectors give the weights themselves: one head of size 4 sees 4 of the 5 keys.
      const v = tf.tile(tf.expandDims(tf.slice(tf.eye(5), [0, 0], [5, 4]), 0), [2, 1, 1]);
      const plain = ops.attention(q, k, v, { heads: 1 });
      const dropped = ops.attention(q, k, v, { heads: 1, dropout });
      const mask = ops.dropout(tf.ones([2, 3, 5]), 0.5, dropout.context, "attention");
      const wanted = tf.mul(plain, tf.slice(mask, [0, 0, 0], [2, 3, 4]));
      expect(tf.max(tf.abs(tf.sub(dropped, wanted))).dataSync()[0]).toBeLessThan(1e-6);
      const f = (x: tf.Tensor): tf.Tensor => ops.attention(x, k, v, { heads: 1, dropout });
      const scores = (x: tf.Tensor): tf.Tensor => tf.mul(tf.matMul(x, k, false, true), 0.5);
      const composed = (x: tf.Tensor): tf.Tensor => tf.matMul(tf.mul(tf.softmax(scores(x)), mask), v);
      const difference = tf.sub(tf.grad(f)(q), tf.grad(composed)(q));
      expect(tf.max(tf.abs(difference)).dataSync()[0]).toBeLessThan(1e-5);
    });

    test("a rate outside [0, 1) and training without a key are refused", () => {
      expect(() => ops.dropout(tf.ones([2]), 1, inference, "block.3")).toThrow(
        "tensor.dropout block.3: rate is 1. Wanted a number in [0, 1).",
      );
      expect(() => ops.dropout(tf.ones([2]), 0.1, { training: true }, "block.3")).toThrow(
        "tensor.dropout block.3: the context is in training and has no key. Wanted context.key, int32 [2], new in every step.",
      );
    });
  });

test("the mask made of tensor ops (for WebGPU) is as random, on wasm", async () => {
  await openBackend("wasm");
  const draw = (a: number, b: number): number[] =>
    Array.from(hashedUniform([N], tf.tensor1d([a, b], "int32")).dataSync(), (value) => (value < 0.5 ? 0 : 1));
  const one = draw(1, 2);
  expect(Math.abs(mean(one) - 0.5)).toBeLessThan(BOUND / 2);
  for (const other of [draw(2, 2), draw(1, 3), one.slice(1), one.slice(64), one.slice(1024)])
    expect(Math.abs(correlation(one.slice(0, other.length), other))).toBeLessThan(BOUND * 1.01);
});

const cpuAndWasm = ["cpu", "wasm"];
test("cpu, wasm and the native build draw the same masks", async () => {
  const masks: number[][] = [];
  const native = present.find(({ name }) => name === "native");
  for (const name of native?.reason === undefined ? [...cpuAndWasm, "native"] : cpuAndWasm) {
    await openBackend(name);
    masks.push(kept(ops.dropout(tf.ones([5000]), 0.3, key(123456789, -987654321), "site")));
  }
  for (const mask of masks) expect(mask).toEqual(masks[0]);
});
