import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBackend, tf } from "@kgraft/tensor";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOnnx, type OnnxExport } from "./index.ts";

const folder = await mkdtemp(join(tmpdir(), "kgraft-onnx-"));
beforeAll(() => openBackend("cpu"));
afterAll(() => rm(folder, { recursive: true }));

const axes = { batch: [2, 3, 5], sequence: [7, 11, 13] };

/** A computation of x float32 [batch, sequence, 4] and visible bool [batch, sequence]. */
function exportOf(
  compute: (x: tf.Tensor3D, visible: tf.Tensor2D) => tf.Tensor,
  more: Partial<OnnxExport> = {},
): OnnxExport {
  return {
    name: "test",
    axes,
    weights: new Map(),
    sample: (index) => {
      const [rows, length] = [axes.batch[index] as number, axes.sequence[index] as number];
      return {
        inputs: { x: floats([rows, length, 4]), visible: truths([rows, length]) },
        compute: ({ x, visible }) => ({ y: compute(x as tf.Tensor3D, visible as tf.Tensor2D) }),
      };
    },
    ...more,
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
const floats = (shape: readonly number[]) => ({
  dtype: "float32" as const,
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 1.7) + 0.1),
});
const truths = (shape: readonly number[]) => ({
  dtype: "bool" as const,
  shape,
  data: Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i % 3 === 0 ? 0 : 1)),
});

/** Runs a file of {@link exportOf} in ONNX Runtime at [4, 6, 4], a size that no trace had. */
async function runtimeResult(path: string): Promise<{ readonly shape: readonly number[]; readonly values: number[] }> {
  const session = await ort.InferenceSession.create(path);
  const x = new ort.Tensor("float32", floats([4, 6, 4]).data, [4, 6, 4]);
  const visible = new ort.Tensor("bool", truths([4, 6]).data, [4, 6]);
  const feeds = Object.fromEntries(
    Object.entries({ x, visible }).filter(([name]) => session.inputNames.includes(name)),
  );
  const { y } = await session.run(feeds);
  const found = y as ort.Tensor;
  return { shape: found.dims, values: Array.from(found.data as Float32Array, Number) };
}

const everyKernel: Record<string, (x: tf.Tensor3D, visible: tf.Tensor2D) => tf.Tensor> = {
  "abs, neg, sign": (x) => tf.sign(tf.neg(tf.abs(x))),
  "exp, log, sqrt, reciprocal": (x) => tf.reciprocal(tf.sqrt(tf.log(tf.add(tf.exp(x), 2)))),
  "sin, cos, floor, ceil, round": (x) => tf.add(tf.floor(tf.sin(x)), tf.add(tf.ceil(tf.cos(x)), tf.round(x))),
  "sigmoid, softplus, elu, leaky relu": (x) => tf.leakyRelu(tf.elu(tf.softplus(tf.sigmoid(x))), 0.3),
  "maximum, minimum, pow, clip": (x) => tf.clipByValue(tf.pow(tf.maximum(tf.minimum(x, 0.5), -0.5), 2), 0.1, 0.2),
  "squared difference": (x) => tf.squaredDifference(x, 0.3),
  "comparisons and logic": (x) =>
    tf.cast(
      tf.logicalOr(
        tf.logicalAnd(tf.greater(x, 0), tf.lessEqual(x, 0.5)),
        tf.logicalNot(tf.logicalOr(tf.less(x, -0.2), tf.greaterEqual(x, 0.9))),
      ),
      "float32",
    ),
  "equal, not equal, where": (x, visible) =>
    tf.where(tf.expandDims(tf.logicalOr(tf.equal(visible, true), tf.notEqual(visible, false)), -1), x, tf.zerosLike(x)),
  "sum, mean, max, min, prod": (x) =>
    tf.add(tf.add(tf.sum(x, 1), tf.mean(x, [1])), tf.add(tf.max(x, -2), tf.mul(tf.min(x, 1), tf.prod(x, 1)))),
  "sum of all, kept": (x) => tf.mul(tf.sum(x, undefined, true), tf.mean(x)),
  "any, all, arg max": (x, visible) =>
    tf.add(
      tf.cast(tf.add(tf.cast(tf.any(visible, 1), "int32"), tf.cast(tf.all(visible, 1), "int32")), "float32"),
      tf.cast(tf.sum(tf.add(tf.argMax(x, 1), tf.argMin(x, 1)), -1), "float32"),
    ),
  "softmax, log softmax": (x) => tf.add(tf.softmax(x), tf.logSoftmax(x)),
  cumsum: (x) => tf.add(tf.cumsum(x, 1), tf.cumsum(x, 2, true, true)),
  "products of matrices": (x) => tf.matMul(tf.matMul(x, x, false, true), tf.transpose(x, [0, 2, 1]), true, true),
  "concat, stack, unstack, split": (x) => {
    const [a, , c] = tf.split(x, [1, 1, 2], 2) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [first, second] = tf.unstack(c, 2) as [tf.Tensor, tf.Tensor];
    return tf.concat([a, tf.stack([first, second], 2), x], 1 + 1);
  },
  "slices whose place follows from the axes": (x) => {
    const [rows = 0, length = 0] = x.shape;
    return tf.concat([tf.slice(x, [0, length - 1, 1], [rows, 1, 2]), tf.slice(x, [0, 1, 0], [-1, length - 2, 2])], 1);
  },
  "gather by rows, by batch, by place": (x) => {
    const [rows = 0, length = 0] = x.shape;
    const places = tf.range(0, length, 1, "int32");
    const reversed = tf.sub(tf.scalar(length - 1, "int32"), places);
    const own = tf.gather(x, tf.tile(tf.expandDims(reversed, 0), [rows, 1]), 1, 1);
    const corner = tf.gatherND(x, tf.tensor2d([[1, 2, 3]], [1, 3], "int32"));
    return tf.add(tf.mul(tf.gather(x, reversed, 1), 2), tf.add(own, corner));
  },
  "one hot, pad, fill, ones": (x) => {
    const [rows = 0, length = 0] = x.shape;
    const places = tf.oneHot(tf.argMax(x, 1), length); // [B, 4, T]
    const padded = tf.pad(
      tf.cast(places, "float32"),
      [
        [0, 0],
        [0, 0],
        [1, 2],
      ],
      7,
    );
    return tf.add(tf.sum(tf.mul(padded, tf.ones([rows, 4, length + 3])), -1), tf.fill([rows, 4], 0.5));
  },
  "reshapes that move several axes": (x) => {
    const [rows = 0, length = 0] = x.shape;
    const apart = tf.transpose(tf.reshape(x, [rows, length, 2, 2]), [0, 2, 1, 3]);
    return tf.reshape(tf.mul(tf.reshape(apart, [rows * 2, length, 2]), 3), [rows, 2 * length, 2]);
  },
  "numbers that follow from the axes": (x) => {
    const [rows = 0, length = 0] = x.shape;
    const triangle = tf.mul(tf.eye(length), rows * length);
    return tf.add(tf.matMul(tf.tile(tf.expandDims(triangle, 0), [rows, 1, 1]), x), tf.scalar(1 / length));
  },
};

describe("a written file gives in ONNX Runtime what the computation gives, at sizes that were not traced", () => {
  it.each(Object.entries(everyKernel))("%s", async (name, compute) => {
    const path = join(folder, `${name.replaceAll(/\W+/g, "-")}.onnx`);
    await exportOnnx(path, exportOf(compute));
    const found = await runtimeResult(path);
    const expected = tf.tidy(() => {
      const x = tf.tensor3d(floats([4, 6, 4]).data, [4, 6, 4]);
      const y = compute(x, tf.tensor2d(truths([4, 6]).data, [4, 6], "bool"));
      return { shape: y.shape, values: Array.from(y.dataSync(), Number) };
    });
    expect(found.shape).toEqual(expected.shape);
    for (const [i, value] of expected.values.entries())
      expect(found.values[i], `${name} at ${i}`).toBeCloseTo(value, 5);
  });
});

describe("what is written", () => {
  const weights = new Map<string, tf.Tensor>();
  beforeAll(() => {
    weights.set("w", tf.tensor2d(floats([3, 4]).data, [3, 4]));
    weights.set("b", tf.tensor1d([1, 2, 3]));
    weights.set("never read", tf.tensor1d([1]));
  });
  const affine = (x: tf.Tensor3D) => {
    const product = tf.matMul(tf.reshape(x, [-1, 4]), weights.get("w") as tf.Tensor2D, false, true);
    return tf.reshape(tf.add(product, weights.get("b") as tf.Tensor), [...x.shape.slice(0, 2), 3]);
  };

  it("has one Gemm for a product and its bias, and neither weights nor inputs that nothing reads", async () => {
    const path = join(folder, "affine.onnx");
    const { inputs, outputs, nodes } = await exportOnnx(path, exportOf(affine, { weights }));
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(outputs.map(({ name, type }) => [name, type])).toEqual([["y", "float32"]]);
    expect(nodes).toBe(7); // Reshape, Gemm, two Shapes and their Concat, Reshape, Identity
    const text = (await readFile(path)).toString("latin1");
    expect(text).toContain("Gemm");
    expect(text).not.toContain("never read");
  });

  it("keeps large weights in a file beside it, which ONNX Runtime reads", async () => {
    const path = join(folder, "large.onnx");
    const { files } = await exportOnnx(path, exportOf(affine, { weights, largestMessage: 1 }));
    expect(files).toEqual(["large.onnx", "large.onnx.data"]);
    expect(await readdir(folder)).toEqual(expect.arrayContaining([...files]));
    const session = await ort.InferenceSession.create(path, {
      externalData: [{ path: "large.onnx.data", data: join(folder, "large.onnx.data") }],
    });
    const { y } = await session.run({ x: new ort.Tensor("float32", floats([1, 2, 4]).data, [1, 2, 4]) });
    const expected = tf.tidy(() => affine(tf.tensor3d(floats([1, 2, 4]).data, [1, 2, 4])).dataSync());
    expect(Array.from(y?.data as Float32Array)).toEqual(Array.from(expected, (value) => expect.closeTo(value, 5)));
  });
});

describe("what cannot be written is refused with the line of code", () => {
  const refused = (compute: (x: tf.Tensor3D) => tf.Tensor) =>
    exportOnnx(join(folder, "refused.onnx"), exportOf(compute));

  it("a kernel without counterpart", async () => {
    await expect(refused((x) => tf.erf(tf.tan(x)))).rejects.toThrow(
      /export-onnx\.test\.ts:\d+: calls the kernel "Tan", which has no counterpart/,
    );
  });

  it("an extent that does not follow from the axes", async () => {
    const lengths = [3, 9, 4];
    await expect(
      refused((x) => tf.sum(tf.slice(x, 0, [1, lengths[axes.batch.indexOf(x.shape[0])] as number, 4]))),
    ).rejects.toThrow(/makes 3, 9, 4 at batch 2, 3, 5; sequence 7, 11, 13/);
  });

  it("other ops at other sizes", async () => {
    await expect(refused((x) => (x.shape[0] === 3 ? tf.sin(x) : tf.cos(x)))).rejects.toThrow(
      "runs Cos, Sin, Cos at different sizes",
    );
  });

  it("numbers that the code draws", async () => {
    await expect(refused((x) => tf.add(x, tf.randomNormal([1, x.shape[1], 4])))).rejects.toThrow(
      /makes a tensor of numbers that differ|reads/,
    );
  });

  it("values read from a tensor", async () => {
    await expect(refused((x) => tf.mul(x, x.dataSync()[0] as number))).rejects.toThrow("reads the values of a tensor");
  });

  it("and nothing is left behind", async () => {
    expect((await readdir(folder)).filter((name) => name.startsWith("refused"))).toEqual([]);
  });
});
