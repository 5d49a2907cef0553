import { createEncoder, type EncoderConfig } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import { type HostArray, inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFusedEncoder, type FusedEncoder } from "../fused-encoder.ts";
import { type SmallWorld, smallEncoder, smallWorld } from "../testing/small-world.ts";
import { arrays } from "./collate.ts";
import { ernieThu } from "./ernie-thu.ts";
import type { LayerKind } from "./options.ts";

/*
 * A plain float64 computation of the equations, row by row, with nothing of the code under test: golden numbers and
 * gradients (by central differences) come from it. Sizes: H 4, A 2, E 3, one entity head, I 5, T 3.
 */
type Matrix = readonly (readonly number[])[];
/** Parameters of one layer by the official code's names, row-major. */
type Layer = Readonly<Record<string, number[]>>;

const config: EncoderConfig = {
  ...smallEncoder,
  hiddenSize: 4,
  embeddingSize: 4,
  intermediateSize: 5,
  numHeads: 2,
};

/** Numbers that the parameters are filled by: `f(k, n) = (((7k + 3n) mod 11) - 5) / 20`, a gain is 1 more. */
const order: readonly (readonly [name: string, size: number])[] = [
  ...attention("attention.self", "attention.output", 4),
  ...attention("attention.self_ent", "attention.output_ent", 3),
  ["intermediate.dense.weight", 20],
  ["intermediate.dense.bias", 5],
  ["intermediate.dense_ent.weight", 15],
  ["intermediate.dense_ent.bias", 5],
  ["output.dense.weight", 20],
  ["output.dense.bias", 4],
  ["output.dense_ent.weight", 15],
  ["output.dense_ent.bias", 3],
  ["output.LayerNorm.weight", 4],
  ["output.LayerNorm.bias", 4],
  ["output.LayerNorm_ent.weight", 3],
  ["output.LayerNorm_ent.bias", 3],
];

function attention(inside: string, outside: string, size: number): [string, number][] {
  const pair = (name: string, input: number): [string, number][] => [
    [`${name}.weight`, input],
    [`${name}.bias`, size],
  ];
  const dense = ["query", "key", "value"].flatMap((name) => pair(`${inside}.${name}`, size * size));
  return [...dense, ...pair(`${outside}.dense`, size * size), ...pair(`${outside}.LayerNorm`, size)];
}

function filledLayer(): Layer {
  const fill = (k: number, n: number, gain: number) => (((7 * k + 3 * n) % 11) - 5) / 20 + gain;
  return Object.fromEntries(
    order.map(([name, size], k) => {
      const gain = /LayerNorm(_ent)?\.weight/.test(name) ? 1 : 0;
      return [name, Array.from({ length: size }, (_, n) => fill(k, n, gain))];
    }),
  );
}

const at = (values: readonly number[] | undefined, index: number): number => values?.[index] ?? Number.NaN;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, t) => row.map((value, c) => value + at(b[t], c)));

function dense(x: Matrix, layer: Layer, name: string): Matrix {
  const [kernel, bias] = [layer[`${name}.weight`], layer[`${name}.bias`] ?? []];
  return x.map((row) => bias.map((b, o) => b + sum(row.map((value, i) => value * at(kernel, o * row.length + i)))));
}

function norm(x: Matrix, layer: Layer, name: string): Matrix {
  return x.map((row) => {
    const mean = sum(row) / row.length;
    const deviation = Math.sqrt(sum(row.map((value) => (value - mean) ** 2)) / row.length + 1e-12);
    return row.map((v, c) => ((v - mean) / deviation) * at(layer[`${name}.weight`], c) + at(layer[`${name}.bias`], c));
  });
}

/** gelu by the power series of erf: exact to rounding for the small numbers here. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [erf, term] = [z, z];
  for (let n = 1; n < 60; n++) {
    term *= (-z * z) / n;
    erf += term / (2 * n + 1);
  }
  return x * 0.5 * (1 + (2 / Math.sqrt(Math.PI)) * erf);
}

function attend(x: Matrix, layer: Layer, name: string, heads: number, keys: readonly number[]): Matrix {
  const [q, k, v] = ["query", "key", "value"].map((part) => dense(x, layer, `${name}.${part}`)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const size = (x[0]?.length ?? 0) / heads;
  return q.map((query) =>
    query.map((_, column) => {
      const start = Math.floor(column / size) * size;
      const score = (key: readonly number[] | undefined) =>
        sum(Array.from({ length: size }, (_, d) => at(query, start + d) * at(key, start + d))) / Math.sqrt(size);
      const weights = k.map((key, t) => (keys[t] ? Math.exp(score(key)) : 0));
      return sum(weights.map((weight, t) => weight * at(v[t], column))) / sum(weights);
    }),
  );
}

interface Streams {
  readonly hidden: Matrix;
  readonly entity: Matrix;
}

function plainLayer(kind: LayerKind, { hidden, entity }: Streams, layer: Layer, entityHeads = 1): Streams {
  const words = attend(hidden, layer, "attention.self", 2, [1, 1, 1]);
  const a = norm(plus(dense(words, layer, "attention.output.dense"), hidden), layer, "attention.output.LayerNorm");
  let c = entity;
  if (kind === "norm") {
    const among = dense(
      attend(entity, layer, "attention.self_ent", entityHeads, entityMask),
      layer,
      "attention.output_ent.dense",
    );
    c = norm(plus(among, entity), layer, "attention.output_ent.LayerNorm");
  }
  c = c.map((row, t) => row.map((value) => value * at(entityMask, t)));
  const up = dense(a, layer, "intermediate.dense");
  const z = (kind === "sim" ? up : plus(up, dense(c, layer, "intermediate.dense_ent"))).map((row) => row.map(gelu));
  return {
    hidden: norm(plus(dense(z, layer, "output.dense"), a), layer, "output.LayerNorm"),
    entity: kind === "sim" ? entity : norm(plus(dense(z, layer, "output.dense_ent"), c), layer, "output.LayerNorm_ent"),
  };
}

const input: Streams = {
  hidden: [0, 1, 2].map((t) => [0, 1, 2, 3].map((c) => 0.1 * (((5 * t + 3 * c) % 7) - 3))),
  entity: [
    [0, 0, 0],
    [0.5, -0.25, 0.125],
    [0, 0, 0],
  ],
};
const entityMask = [1, 1, 0];

let world: SmallWorld;
const opened: Parameters[] = [];
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});
afterAll(() => {
  for (const parameters of opened) parameters.dispose();
});

/** The code under test with the layers' parameters set, and its batch. */
function grafted(layerTypes: readonly LayerKind[], layer: Layer, entityHeads = 1) {
  const encoder = createEncoder({ ...config, numLayers: layerTypes.length });
  const vectors = {
    ids: ["Q1"],
    row: new Map([["Q1", 0]]),
    dimension: 3,
    values: Float32Array.from(rowAt(input.entity, 1)),
  };
  const options = ernieThu.options.parse({ layerTypes, entityHeads, vectorNorm: "as-given" });
  const fused = createFusedEncoder(encoder, ernieThu.create(options, { ...world, encoder: encoder.config, vectors }));
  const parameters = Parameters.create(fused.parameters, streams(1));
  opened.push(parameters);
  for (const name of parameters.names()) {
    const local = localName(fused, name);
    if (local !== undefined)
      parameters.assign(name, {
        dtype: "float32",
        shape: parameters.spec(name).shape,
        data: Float32Array.from(layer[local] ?? []),
      });
  }
  return { fused, parameters, batch: toDevice({ ...fused.constants, ...goldenArrays() }) };
}

const rowAt = (matrix: Matrix, row: number): readonly number[] => matrix[row] ?? [];

/** What the official code calls a layer's parameter, without the layer. */
function localName(fused: FusedEncoder, name: string): string | undefined {
  const official = fused.fusion.officialNames?.[name] ?? name;
  return /encoder\.layer\.\d+\.(.*)/.exec(official)?.[1];
}

function goldenArrays(): Record<string, HostArray> {
  const int32 = (...values: number[]): HostArray => ({ dtype: "int32", shape: [1, 3], data: Int32Array.from(values) });
  const bool = (values: readonly number[]): HostArray => ({
    dtype: "bool",
    shape: [1, 3],
    data: Uint8Array.from(values),
  });
  return {
    inputIds: int32(0, 0, 0),
    typeIds: int32(0, 0, 0),
    attentionMask: bool([1, 1, 1]),
    "hidden.1": { dtype: "float32", shape: [1, 3, 4], data: Float32Array.from(input.hidden.flat()) },
    [arrays.entityIds]: int32(0, 1, 0),
    [arrays.entityMask]: bool(entityMask),
  };
}

/** Runs layers [1, to) of the code under test on the golden input. */
function run(layerTypes: readonly LayerKind[], to: number, entityHeads = 1) {
  const { fused, parameters, batch } = grafted(layerTypes, filledLayer(), entityHeads);
  const { stream } = fused.run(parameters, batch, inference, { from: 1, to });
  const rows = (tensor: tf.Tensor) => (tensor.arraySync() as number[][][])[0] ?? [];
  return { hidden: rows(stream.hidden), entity: rows(stream.side.entity as tf.Tensor) };
}

function expectRows(actual: Matrix, wanted: string, tolerance: number): void {
  const numbers = wanted.split("/").map((row) => row.trim().split(/\s+/).map(Number));
  expect(actual.length).toBe(numbers.length);
  for (const [t, row] of numbers.entries()) {
    for (const [c, value] of row.entries()) expect(Math.abs(at(actual[t], c) - value)).toBeLessThan(tolerance);
  }
}

// Computed in float64 from the equations, apart from this code and from the plain computation above; each layer alone.
const golden = {
  sim: "-1.300335 .726631 .927822 -1.064689 / 1.860253 -.030809 -.329548 -1.464511 / .257747 .868685 -1.846655 .524299",
  mix: "-1.314071 .776502 .880604 -1.065995 / 1.848240 .031943 -.375653 -1.486398 / .230952 .898360 -1.837601 .497574",
  mixEntity: "-.615254 -.652599 1.418391 / .800104 -1.588241 .555649 / -.613936 -.654624 1.418924",
  norm: "-1.325350 .832514 .824288 -1.067466 / 1.830171 .097569 -.421061 -1.507494 / .230952 .898360 -1.837601 .497574",
  normEntity: ".961093 -1.542742 .281606 / .961917 -1.542359 .280030 / -.613936 -.654624 1.418924",
  mixNorm: "-.729938 .918576 .675072 -1.558818",
};

describe("a fused layer", () => {
  it("has a plain computation beside it that gives the golden numbers", () => {
    const one = (kind: LayerKind, from = input) => plainLayer(kind, from, filledLayer());
    expectRows(one("sim").hidden, golden.sim, 1e-6);
    expectRows(one("mix").hidden, golden.mix, 1e-6);
    expectRows(one("mix").entity, golden.mixEntity, 1e-6);
    expectRows(one("norm").hidden, golden.norm, 1e-6);
    expectRows(one("norm").entity, golden.normEntity, 1e-6);
    expectRows(one("norm", one("mix")).hidden.slice(0, 1), golden.mixNorm, 1e-6);
  });

  it("gives the golden numbers for sim, mix and norm", () => {
    expectRows(run(["sim", "sim", "mix"], 2).hidden, golden.sim, 1e-5);
    const mix = run(["sim", "mix", "norm"], 2);
    expectRows(mix.hidden, golden.mix, 1e-5);
    expectRows(mix.entity, golden.mixEntity, 1e-5);
    const norm = run(["sim", "norm", "norm"], 2);
    expectRows(norm.hidden, golden.norm, 1e-5);
    expectRows(norm.entity, golden.normEntity, 1e-5);
  });

  it("gives the golden numbers for norm behind mix", () => {
    expectRows(run(["sim", "mix", "norm"], 3).hidden.slice(0, 1), golden.mixNorm, 1e-5);
  });

  it("splits the entity attention into heads", () => {
    const [wanted, actual] = [plainLayer("norm", input, filledLayer(), 3), run(["sim", "norm", "norm"], 2, 3)];
    const asText = (rows: Matrix) => rows.map((row) => row.join(" ")).join("/");
    expectRows(actual.hidden, asText(wanted.hidden), 1e-5);
    expectRows(actual.entity, asText(wanted.entity), 1e-5);
  });

  it("has the gradients of central differences, for every parameter", () => {
    const kinds: readonly LayerKind[] = ["mix", "norm"];
    const weight = (t: number, c: number) => Math.sin(1 + 4 * t + c);
    const layers = kinds.map(() => filledLayer());
    const plainLoss = () => {
      const { hidden } = kinds.reduce((s, kind, i) => plainLayer(kind, s, layers[i] as Layer), input);
      return sum(hidden.flatMap((row, t) => row.map((value, c) => value * weight(t, c))));
    };
    const { fused, parameters, batch } = grafted(["sim", ...kinds], filledLayer());
    const names = parameters.names().filter((name) => localName(fused, name) !== undefined && !/layer\.0\./.test(name));
    const trained = names.filter((name) => !fused.frozenIn("finetuning").includes(name));
    const weights = tf.tensor(
      Array.from({ length: 12 }, (_, i) => weight(Math.floor(i / 4), i % 4)),
      [1, 3, 4],
    );
    const gradients = tf.grads((...tensors: tf.Tensor[]) => {
      const get = (name: string) => tensors[trained.indexOf(name)] ?? parameters.get(name);
      return tf.sum(tf.mul(fused.run({ get }, batch, inference, { from: 1 }).stream.hidden, weights));
    })(trained.map((name) => parameters.get(name)));
    expect(trained.length).toBe(2 * 22 + 10 - 4);
    for (const [i, name] of trained.entries()) {
      const values = layers[Number(/layer\.(\d)/.exec(name)?.[1]) - 1]?.[localName(fused, name) ?? ""] ?? [];
      const computed = gradients[i]?.dataSync() ?? [];
      for (const [n, value] of values.entries()) {
        const step = 1e-5;
        values[n] = value + step;
        const above = plainLoss();
        values[n] = value - step;
        const difference = (above - plainLoss()) / (2 * step);
        values[n] = value;
        expect(Math.abs(difference - (computed[n] ?? Number.NaN)), `${name}[${n}]`).toBeLessThan(1e-4);
      }
    }
  });
});
