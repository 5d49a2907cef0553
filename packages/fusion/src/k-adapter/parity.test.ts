import { createEncoder, type EncoderConfig } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import {
  gradients,
  type HostArray,
  inference,
  type Loss,
  type LossFunction,
  openBackend,
  Parameters,
  tf,
  toDevice,
} from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { arrayOf, divergence, type GoldenCase, goldenFolder, readCases } from "../../../../tests/golden/golden.ts";
import { batchArrays, hiddenArray } from "../batch.ts";
import { createFusedEncoder, type FusedEncoder } from "../fused-encoder.ts";
import { type SmallWorld, smallEncoder, smallWorld } from "../testing/small-world.ts";
import { kAdapter } from "./index.ts";
import { arrays } from "./targets.ts";

/* Numbers of tests/golden/make_k_adapter.py: adapters over given hidden states, so that no encoder takes part. */
const depth = 6;
const config: EncoderConfig = {
  ...smallEncoder,
  hiddenSize: 10,
  embeddingSize: 10,
  numHeads: 2,
  numLayers: depth,
};
const factual = { task: "relation", layers: [0, 2, 5] };
const linguistic = { task: "dependency", layers: [0, 3, 6] };
const both = { factual, linguistic };
const modes = ["masked", "official"] as const;

let world: SmallWorld;
let golden: ReadonlyMap<string, GoldenCase>;
beforeAll(async () => {
  await openBackend("wasm");
  world = await smallWorld();
  golden = await readCases(`${goldenFolder("k-adapter")}/expected.safetensors`);
});

const numbers = (part: string, name: string): HostArray => arrayOf(golden.get(part) as GoldenCase, name);

/** The strategy with the golden weights, and the golden batch. */
function loaded(mode: (typeof modes)[number], options: Readonly<Record<string, unknown>>) {
  const given = { innerSize: 8, innerHeads: 2, dependencyPositions: 6, attendPadding: mode === "official", ...options };
  const relations = ["a", "b", "c", "d", "e"].map((id) => ({ id, label: id }));
  const fusion = kAdapter.create(kAdapter.options.parse(given), { ...world, relations, encoder: config });
  const fused = createFusedEncoder(createEncoder(config), fusion as never);
  const parameters = Parameters.create([...fused.parameters, ...fused.headParameters], streams(1));
  for (const [name, official] of Object.entries(fused.fusion.officialNames ?? {}))
    parameters.assign(name, numbers("weights", official));
  const batch = toDevice(goldenBatch());
  onTestFinished(() => {
    parameters.dispose();
    tf.dispose(Object.values(batch));
  });
  return { fused, parameters, batch };
}

function goldenBatch(): Record<string, HostArray> {
  const mask = numbers("inputs", "mask");
  const ids: HostArray = { dtype: "int32", shape: mask.shape, data: new Int32Array(mask.data.length) };
  const hidden = Array.from({ length: depth + 1 }, (_, layer) => [
    hiddenArray(layer),
    numbers("inputs", `hidden.${layer}`),
  ]);
  return {
    [batchArrays.inputIds]: ids,
    [batchArrays.typeIds]: ids,
    [batchArrays.attentionMask]: { dtype: "bool", shape: mask.shape, data: Uint8Array.from(mask.data) },
    ...Object.fromEntries(hidden),
    [arrays.relationPositions]: numbers("inputs", "relation.positions"),
    [arrays.relationLabels]: numbers("inputs", "relation.labels"),
    [arrays.relationCounts]: numbers("inputs", "relation.counts"),
    [arrays.dependencyLabels]: numbers("inputs", "dependency.labels"),
    [arrays.dependencyCounts]: numbers("inputs", "dependency.counts"),
    reading: numbers("inputs", "reading"),
  };
}

const top = { from: depth };
const states = (x: tf.Tensor): ArrayLike<number> => x.dataSync();

describe.each(modes)("K-Adapter, %s padding", (mode) => {
  const agree = (name: string, found: ArrayLike<number>, tolerance = 1e-5) =>
    expect(divergence(name, found, numbers(mode, name), tolerance)).toBeUndefined();

  it("gives the adapters' outputs, and what tasks read of them", () => {
    const run = (options: Readonly<Record<string, unknown>>) => {
      const { fused, parameters, batch } = loaded(mode, options);
      return fused.run(parameters, batch, inference, top).stream;
    };
    const { hidden, side } = run({ adapters: both });
    agree("concat", states(hidden));
    agree("factual", states(side["k-adapter/factual"] as tf.Tensor));
    agree("linguistic", states(side["k-adapter/linguistic"] as tf.Tensor));
    agree("one", states(run({ adapters: { factual } }).hidden));
    agree("add", states(run({ adapters: both, fusion: "add" }).hidden));
    for (const skipLayers of [2, 3])
      agree(`skip.${skipLayers}`, states(run({ adapters: { factual }, fusion: "add", skipLayers }).hidden));
  });

  it("gives both losses and the gradients of every parameter", () => {
    const { fused, parameters, batch } = loaded(mode, { adapters: both });
    const own = Object.entries(fused.fusion.officialNames ?? {});
    const trainable = own.map(([name]) => name);
    const step = gradients(sumsOf(fused), parameters, batch, inference, {}, { trainable });
    agree("relation", states(step.losses.relation?.sum as tf.Tensor));
    agree("dependency", states(step.losses.dependency?.sum as tf.Tensor));
    for (const [name, official] of own) {
      const found = step.gradients[name];
      expect(found, name).toBeDefined();
      agree(`gradient.${official}`, states(found as tf.Tensor), 1e-4);
    }
    expect(own.length).toBe(golden.get("weights")?.size);
  });
});

/** The heads' losses and a fixed reading of what tasks see, each as its sum. */
function sumsOf(fused: FusedEncoder): LossFunction {
  return (weights, batch, context) => {
    const run = fused.run(weights, batch, context, top);
    const { factual, linguistic } = fused.losses(run, weights, batch, context) as Record<
      "factual" | "linguistic",
      Loss
    >;
    const sum = tf.sum(tf.mul(run.stream.hidden, batch.reading as tf.Tensor)) as tf.Scalar;
    const weight = tf.scalar(1);
    return { relation: { ...factual, weight }, dependency: { ...linguistic, weight }, reading: { sum, weight } };
  };
}
