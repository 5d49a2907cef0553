import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { backends, inference, openBackend, ops, tf } from "../index.ts";

/** Plain float64 mirrors, written from the equations: rows of the last axis, and nothing shared with the ops. */
type Arrays = Record<string, Float64Array>;
type Mirror = (x: Arrays) => number[];

interface Case {
  readonly name: string;
  readonly inputs: Record<string, readonly number[]>;
  readonly op: (x: Record<string, tf.Tensor>) => tf.Tensor;
  readonly mirror: Mirror;
}

const at = (x: Float64Array | undefined, i: number): number => (x as Float64Array)[i] as number;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Abramowitz and Stegun 7.1.5, the Maclaurin series: exact to rounding for the small arguments used here. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function mirrorNorm(x: readonly number[], gain: Float64Array, bias: Float64Array, epsilon: number): number[] {
  const width = gain.length;
  return range(x.length / width).flatMap((row) => {
    const values = x.slice(row * width, (row + 1) * width);
    const mean = sum(values) / width;
    const variance = sum(values.map((v) => (v - mean) ** 2)) / width;
    return values.map((v, j) => ((v - mean) / Math.sqrt(variance + epsilon)) * at(gain, j) + at(bias, j));
  });
}

function mirrorLinear(x: readonly number[], weight: Float64Array, bias: readonly number[], width: number): number[] {
  const out = weight.length / width;
  return range(x.length / width).flatMap((row) =>
    range(out).map(
      (o) => sum(range(width).map((i) => (x[row * width + i] as number) * at(weight, o * width + i))) + (bias[o] ?? 0),
    ),
  );
}

const softmax = (scores: readonly number[]): number[] => {
  const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
  return exponentials.map((value) => value / sum(exponentials));
};

const LABELS = [2, 0, 4, 1];
const ROWS = [3, 0, 3];
const HEADS = 2;
/** Three keys; the second sentence hides its last one. */
const VISIBLE = [true, true, true, true, true, false];

function mirrorAttention({ q, k, v }: Arrays): number[] {
  const [batch, queries, keys, width] = [2, 2, 3, 4];
  const size = width / HEADS;
  return range(batch * queries * width).map((flat) => {
    const [b, i, c] = [Math.floor(flat / (queries * width)), Math.floor(flat / width) % queries, flat % width];
    const start = Math.floor(c / size) * size;
    const scores = range(keys).map((j) =>
      VISIBLE[b * keys + j]
        ? sum(
            range(size).map(
              (d) => at(q, (b * queries + i) * width + start + d) * at(k, (b * keys + j) * width + start + d),
            ),
          ) / Math.sqrt(size)
        : -Infinity,
    );
    return sum(softmax(scores).map((p, j) => p * at(v, (b * keys + j) * width + c)));
  });
}

function mirrorCrossEntropy(logits: readonly number[], classes: number, weights: Float64Array): number[] {
  const losses = LABELS.map((label, row) => {
    const scores = logits.slice(row * classes, (row + 1) * classes);
    return -Math.log(softmax(scores)[label] as number) * at(weights, row);
  });
  return [sum(losses)];
}

const int = (values: number[]): tf.Tensor => tf.tensor1d(values, "int32");
const get = (x: Record<string, tf.Tensor>, name: string): tf.Tensor => x[name] as tf.Tensor;

const CASES: readonly Case[] = [
  {
    name: "linear",
    inputs: { x: [2, 3, 4], w: [5, 4], b: [5] },
    op: (x) => ops.linear(get(x, "x"), get(x, "w"), get(x, "b")),
    mirror: (x) => mirrorLinear([...(x.x as Float64Array)], x.w as Float64Array, [...(x.b as Float64Array)], 4),
  },
  {
    name: "linear without bias",
    inputs: { x: [3, 4], w: [5, 4] },
    op: (x) => ops.linear(get(x, "x"), get(x, "w")),
    mirror: (x) => mirrorLinear([...(x.x as Float64Array)], x.w as Float64Array, [], 4),
  },
  {
    name: "layerNorm",
    inputs: { x: [2, 3, 6], gain: [6], bias: [6] },
    op: (x) => ops.layerNorm(get(x, "x"), get(x, "gain"), get(x, "bias"), 1e-5),
    mirror: (x) => mirrorNorm([...(x.x as Float64Array)], x.gain as Float64Array, x.bias as Float64Array, 1e-5),
  },
  {
    name: "dropoutResidualNorm at inference",
    inputs: { x: [3, 6], residual: [3, 6], gain: [6], bias: [6] },
    op: (x) =>
      ops.dropoutResidualNorm(
        get(x, "x"),
        get(x, "residual"),
        get(x, "gain"),
        get(x, "bias"),
        1e-12,
        0.1,
        inference,
        "s",
      ),
    mirror: (x) =>
      mirrorNorm(
        range(18).map((i) => at(x.x, i) + at(x.residual, i)),
        x.gain as Float64Array,
        x.bias as Float64Array,
        1e-12,
      ),
  },
  {
    name: "gelu",
    inputs: { x: [4, 7] },
    op: (x) => ops.gelu(get(x, "x")),
    mirror: ({ x }) => range(28).map((i) => (at(x, i) / 2) * (1 + erf(at(x, i) / Math.SQRT2))),
  },
  {
    name: "geluTanh",
    inputs: { x: [4, 7] },
    op: (x) => ops.geluTanh(get(x, "x")),
    mirror: ({ x }) =>
      range(28).map((i) => {
        const v = at(x, i);
        return (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
      }),
  },
  {
    name: "embedding",
    inputs: { table: [5, 3] },
    op: (x) => ops.embedding(get(x, "table"), tf.tensor2d([4, 1, 1, 0, 4, 1], [2, 3], "int32")),
    mirror: ({ table }) => [4, 1, 1, 0, 4, 1].flatMap((id) => range(3).map((j) => at(table, id * 3 + j))),
  },
  {
    name: "gatherRows",
    inputs: { x: [4, 3] },
    op: (x) => ops.gatherRows(get(x, "x"), int(ROWS)),
    mirror: ({ x }) => ROWS.flatMap((row) => range(3).map((j) => at(x, row * 3 + j))),
  },
  {
    name: "attention",
    inputs: { q: [2, 2, 4], k: [2, 3, 4], v: [2, 3, 4] },
    op: (x) =>
      ops.attention(get(x, "q"), get(x, "k"), get(x, "v"), {
        heads: HEADS,
        bias: ops.visibleBias(tf.tensor(VISIBLE, [2, 1, 3], "bool")),
      }),
    mirror: mirrorAttention,
  },
  {
    name: "softmaxCrossEntropy",
    inputs: { logits: [4, 5], weights: [4] },
    op: (x) => ops.softmaxCrossEntropy(get(x, "logits"), int(LABELS), get(x, "weights")).sum,
    mirror: (x) => mirrorCrossEntropy([...(x.logits as Float64Array)], 5, x.weights as Float64Array),
  },
  {
    name: "tiedVocabularyLoss",
    inputs: { hidden: [4, 3], table: [5, 3], bias: [5], weights: [4] },
    op: (x) =>
      ops.tiedVocabularyLoss(get(x, "hidden"), get(x, "table"), get(x, "bias"), int(LABELS), get(x, "weights")).sum,
    mirror: (x) => {
      const logits = mirrorLinear(
        [...(x.hidden as Float64Array)],
        x.table as Float64Array,
        [...(x.bias as Float64Array)],
        3,
      );
      return mirrorCrossEntropy(logits, 5, x.weights as Float64Array);
    },
  },
  {
    name: "sigmoidCrossEntropy",
    inputs: { logits: [3, 2], weights: [3] },
    op: (x) =>
      ops.sigmoidCrossEntropy(get(x, "logits"), tf.tensor2d([1, 0, 0.25, 1, 0, 0], [3, 2]), get(x, "weights")).sum,
    mirror: ({ logits, weights }) => [
      sum(
        [1, 0, 0.25, 1, 0, 0].map((z, i) => {
          const p = 1 / (1 + Math.exp(-at(logits, i)));
          return -((z * Math.log(p) + (1 - z) * Math.log(1 - p)) / 2) * at(weights, Math.floor(i / 2));
        }),
      ),
    ],
  },
];

/** Ops without a case here, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  dropout: "random: its gradient is compared with its mask in dropout.test.ts",
  visibleBias: "takes booleans, which have no gradient",
};

test("every op is compared with finite differences, or it is said where its gradient is tested", () => {
  const compared = new Set(CASES.map(({ name }) => name.split(" ")[0]));
  for (const op of Object.keys(ops)) expect(compared.has(op) !== op in ELSEWHERE, op).toBe(true);
});

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Float32 numbers as float64, so that op and mirror start from the same. */
function draw(name: string, input: string, length: number): Float64Array {
  return Float64Array.from(streams(7).at(`${name}/${input}`).fillNormal(new Float32Array(length), 1));
}

/** Central differences of Σ cotangent · mirror(x). */
function differences({ mirror }: Case, x: Arrays, cotangent: Float64Array, input: string): number[] {
  const h = 1e-5;
  const value = (shift: number, i: number): number => {
    const moved = Float64Array.from(x[input] as Float64Array);
    moved[i] = at(moved, i) + shift;
    return sum(mirror({ ...x, [input]: moved }).map((y, j) => y * at(cotangent, j)));
  };
  return range((x[input] as Float64Array).length).map((i) => (value(h, i) - value(-h, i)) / (2 * h));
}

function expectClose(got: ArrayLike<number>, wanted: readonly number[], relative: number, what: string): void {
  const scale = Math.max(1, ...wanted.map(Math.abs));
  const worst = Math.max(...wanted.map((value, i) => Math.abs((got[i] as number) - value)));
  expect(got.length, what).toBe(wanted.length);
  expect(worst / scale, what).toBeLessThan(relative);
}

for (const { name: backend } of backends) {
  const reason = await openBackend(backend).then(
    () => undefined,
    (error: Error) => error.message,
  );
  describe.skipIf(reason !== undefined)(`on ${backend}${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
    beforeAll(async () => {
      await openBackend(backend);
    });

    test.each(CASES)("$name equals its float64 mirror and its gradient finite differences", async (each) => {
      const names = Object.keys(each.inputs);
      const x: Arrays = Object.fromEntries(
        Object.entries(each.inputs).map(([input, shape]) => [input, draw(each.name, input, size(shape))]),
      );
      const wanted = each.mirror(x);
      const cotangent = wanted.length === 1 ? Float64Array.of(1) : draw(each.name, "cotangent", wanted.length);
      const tensors = names.map((input) =>
        tf.tensor(Float32Array.from(x[input] as Float64Array), [...(each.inputs[input] as readonly number[])]),
      );
      const run = (...args: tf.Tensor[]): tf.Tensor =>
        each.op(Object.fromEntries(names.map((n, i) => [n, args[i] as tf.Tensor])));
      const y = run(...tensors);
      expectClose(y.dataSync(), wanted, 1e-6, "value");
      const gradients = tf.grads(run)(tensors, tf.tensor(Float32Array.from(cotangent), y.shape));
      for (const [i, input] of names.entries())
        expectClose(
          (gradients[i] as tf.Tensor).dataSync(),
          differences(each, x, cotangent, input),
          1e-5,
          `gradient by ${input}`,
        );
    });
  });
}
