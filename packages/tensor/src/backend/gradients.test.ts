import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { backends, openBackend, tf } from "../index.ts";

type Function = (...x: tf.Tensor[]) => tf.Tensor;

interface Case {
  readonly name: string;
  readonly f: Function;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Added to the inputs, to stay where the function is smooth. */
  readonly shift?: number;
}

const x34 = [[3, 4]];
const broadcast = [
  [2, 3, 4],
  [3, 1],
];

const unary = (name: string, f: (x: tf.Tensor) => tf.Tensor, shift = 0): Case => ({ name, f, shapes: x34, shift });
const binary = (name: string, f: Function, shift = 0): Case => ({ name, f, shapes: broadcast, shift });

const CASES: readonly Case[] = [
  binary("add", (a, b) => tf.add(a as tf.Tensor, b as tf.Tensor)),
  binary("sub", (a, b) => tf.sub(a as tf.Tensor, b as tf.Tensor)),
  binary("mul", (a, b) => tf.mul(a as tf.Tensor, b as tf.Tensor)),
  binary("div", (a, b) => tf.div(a as tf.Tensor, b as tf.Tensor), 5),
  binary("maximum", (a, b) => tf.maximum(a as tf.Tensor, b as tf.Tensor)),
  binary("minimum", (a, b) => tf.minimum(a as tf.Tensor, b as tf.Tensor)),
  binary("squaredDifference", (a, b) => tf.squaredDifference(a as tf.Tensor, b as tf.Tensor)),
  binary("pow", (a, b) => tf.pow(a as tf.Tensor, b as tf.Tensor), 4),
  unary("abs", tf.abs),
  unary("square", tf.square),
  unary("log", tf.log, 5),
  unary("log1p", tf.log1p, 5),
  unary("cos", tf.cos),
  unary("sin", tf.sin),
  unary("softplus", tf.softplus),
  unary("erf", tf.erf),
  unary("relu", tf.relu),
  unary("elu", tf.elu),
  unary("exp", tf.exp),
  unary("sqrt", tf.sqrt, 5),
  unary("rsqrt", tf.rsqrt, 5),
  unary("reciprocal", tf.reciprocal, 5),
  unary("sigmoid", tf.sigmoid),
  unary("tanh", tf.tanh),
  unary("neg", tf.neg),
  unary("leakyRelu", (x) => tf.leakyRelu(x, 0.1)),
  unary("clipByValue", (x) => tf.clipByValue(x, -0.5, 0.5)),
  unary("sum of an axis", (x) => tf.sum(x, 1)),
  unary("mean of an axis", (x) => tf.mean(x, 0, true)),
  unary("max of an axis", (x) => tf.max(x, 1)),
  unary("min of an axis", (x) => tf.min(x, -1)),
  unary("softmax", (x) => tf.softmax(x)),
  unary("logSoftmax", (x) => tf.logSoftmax(x)),
  unary("logSumExp", (x) => tf.logSumExp(x, 1)),
  unary("cumsum", (x) => tf.cumsum(x, 1, true)),
  unary("gather rows", (x) => tf.gather(x, tf.tensor1d([2, 0, 2], "int32"))),
  unary("gather columns", (x) => tf.gather(x, tf.tensor2d([3, 1, 1, 0], [2, 2], "int32"), 1)),
  unary("reshape", (x) => tf.reshape(x, [2, 6])),
  unary("expandDims", (x) => tf.expandDims(x, 1)),
  unary("transpose", (x) => tf.transpose(x)),
  unary("slice", (x) => tf.slice(x, [1, 1], [2, -1])),
  unary("pad", (x) => tf.pad(x, [[1, 0], [0, 2]])), // biome-ignore format: one line
  unary("tile", (x) => tf.tile(x, [2, 3])),
  unary("broadcastTo", (x) => tf.broadcastTo(tf.reshape(x, [3, 1, 4]), [2, 3, 2, 4])),
  unary("split", (x) => tf.mul(tf.split(x, 2, 1)[0] as tf.Tensor, tf.split(x, 2, 1)[1] as tf.Tensor)),
  unary("unstack", (x) => tf.mul(tf.unstack(x)[0] as tf.Tensor, tf.unstack(x)[2] as tf.Tensor)),
  unary("reverse", (x) => tf.reverse(x, 1)),
  unary("a tensor used twice", (x) => tf.add(x, x)),
  { name: "matMul", f: (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor), shapes: [[3, 4], [4, 2]] }, // biome-ignore format: one line
  { name: "matMul, a transposed", f: (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor, true), shapes: [[4, 3], [4, 2]] }, // biome-ignore format: one line
  { name: "matMul, b transposed", f: (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor, false, true), shapes: [[2, 3, 4], [2, 5, 4]] }, // biome-ignore format: one line
  { name: "matMul, both transposed", f: (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor, true, true), shapes: [[4, 3], [2, 4]] }, // biome-ignore format: one line
  { name: "concat", f: (a, b) => tf.concat([a as tf.Tensor, b as tf.Tensor], 1), shapes: [[3, 2], [3, 1]] }, // biome-ignore format: one line
  { name: "stack", f: (a, b) => tf.stack([a as tf.Tensor, b as tf.Tensor], 1), shapes: [[3, 2], [3, 2]] }, // biome-ignore format: one line
  { name: "addN", f: (a, b) => tf.addN([a as tf.Tensor, b as tf.Tensor]), shapes: [[3, 2], [3, 2]] }, // biome-ignore format: one line
  { name: "where", f: (a, b) => tf.where(tf.greater(a as tf.Tensor, 0), tf.square(a as tf.Tensor), b as tf.Tensor), shapes: [[3, 2], [3, 2]] }, // biome-ignore format: one line
  {
    name: "scatterND",
    f: (a) => tf.scatterND(tf.tensor2d([2, 0, 2], [3, 1], "int32"), a as tf.Tensor, [4, 2]),
    shapes: [[3, 2]],
  },
  {
    name: "gatherND",
    f: (a) => tf.gatherND(a as tf.Tensor, tf.tensor2d([2, 0, 2], [3, 1], "int32")),
    shapes: [[3, 2]],
  },
];

/** Inputs are multiples of this in random order, the second's in between: no two meet within the steps below. */
const SPACING = 0.17;

/** What tells the derivative apart from rounding in float32: a step of 2^-6 and a third-order error below 1e-3. */
const STEP = 2 ** -6;

for (const { name: backend } of backends) {
  const reason = await openBackend(backend).then(
    () => undefined,
    (error: Error) => error.message,
  );
  describe.skipIf(reason !== undefined)(`on ${backend}${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
    beforeAll(async () => {
      await openBackend(backend);
    });

    test.each(CASES)("$name has the gradient of its differences", ({ name, f, shapes, shift = 0 }) => {
      const draw = streams(3);
      const values = shapes.map((shape, i) => {
        const order = draw.at(name, i).permutation(shape.reduce((a, b) => a * b, 1));
        return Float32Array.from(order, (k) => (k - Math.floor(order.length / 2) + 0.3 + i / 2) * SPACING + shift);
      });
      const tensors = (arrays: readonly Float32Array[]): tf.Tensor[] =>
        arrays.map((array, i) => tf.tensor(array.slice(), [...(shapes[i] as readonly number[])]));
      const y = f(...tensors(values));
      const cotangent = draw.at("cotangent").fillNormal(new Float32Array(y.size), 1);
      const gradients = tf.grads(f)(tensors(values), tf.tensor(cotangent.slice(), y.shape));
      const value = (arrays: readonly Float32Array[]): number =>
        tf.tidy(() => {
          const weighted = tf.mul(f(...tensors(arrays)), tf.tensor(cotangent.slice(), y.shape));
          return Array.from(weighted.dataSync()).reduce((a, b) => a + b, 0);
        });
      for (const [i, array] of values.entries()) {
        const wanted = Array.from(array, (_, j) => {
          const moved = (by: number): number =>
            value(values.map((each, k) => (k === i ? each.map((v, l) => (l === j ? v + by : v)) : each)));
          // Two step sizes, so that the error of the third derivative drops out.
          return (8 * (moved(STEP) - moved(-STEP)) - (moved(2 * STEP) - moved(-2 * STEP))) / (12 * STEP);
        });
        const got = (gradients[i] as tf.Tensor).dataSync();
        const scale = Math.max(1, ...wanted.map(Math.abs));
        for (const [j, number] of wanted.entries())
          expect(Math.abs((got[j] as number) - number) / scale, `input ${i}, element ${j}`).toBeLessThan(2e-3);
      }
    });
  });
}
