import { createEncoder } from "@kgraft/encoder";
import { buildGraph, type Graph } from "@kgraft/kg";
import { type Draw, silent, streams } from "@kgraft/runtime";
import {
  type BatchSource,
  inference,
  type LossFunction,
  openBackend,
  ops,
  Parameters,
  type TensorBatch,
  tf,
  toDevice,
  train,
  type Weights,
} from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, expect, it } from "vitest";
import { collateExamples } from "./batch.ts";
import type { Fusion, FusionDefinition } from "./contract.ts";
import { controls } from "./controls.ts";
import { ernieThu } from "./ernie-thu/index.ts";
import { createFusedEncoder } from "./fused-encoder.ts";
import { kBert } from "./k-bert/index.ts";
import { none } from "./none.ts";
import { prepareExamples } from "./prepared-text.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";
import { wklm } from "./wklm/index.ts";

/*
 * Made data: invented names, texts that tell nothing, types that stand in the graph alone, and no entity of the test in a
 * training text. What a strategy gets right here it has from the graph.
 */
const types = 4;
const [trainSize, testSize, length] = [160, 80, 14];
const encoder = { layers: 1, fused: [0] };

let world: SmallWorld;
let examples: readonly TextExample[];
beforeAll(async () => {
  await openBackend("wasm");
  const plain = await smallWorld();
  const draw = streams(21).at("made data");
  const total = trainSize + testSize;
  examples = Array.from({ length: total }, (_, index) => madeExample(index, draw));
  world = {
    ...plain,
    encoder: { ...plain.encoder, numLayers: encoder.layers },
    vectors: typedVectors(total, draw),
    graph: await typedGraph(total),
  };
});

function madeExample(index: number, draw: Draw): TextExample {
  const pick = (words: string) => words.split(" ")[draw.integer(words.split(" ").length)] as string;
  const name = `${pick("gor marl tarn hill")}${pick("s wick ton")}${pick("s wick ton")}`;
  const start = "the old ".length;
  const mentions = [{ start, end: start + name.length, entity: `Q${index}` }];
  return { id: String(index), text: `the old ${name} ${pick("of in on at")} ${pick("night river town")}`, mentions };
}

const instruments = ["lute", "harp", "song", "river"];

/** Everyone plays the instrument of their type. */
function typedGraph(count: number): Promise<Graph> {
  const people = Array.from({ length: count }, (_, index) => ({ id: `Q${index}`, label: nameOf(index) }));
  const played = instruments.map((label) => ({ id: label, label }));
  return buildGraph("made data", {
    entities: [...people, ...played].map((entity) => ({ ...entity, aliases: [], types: [], properties: {} })),
    triples: people.map(({ id }, index) => ({
      head: id,
      relation: "plays",
      tail: instruments[typeOf(index)] as string,
    })),
  });
}

const nameOf = (index: number): string => (examples[index] as TextExample).text.split(" ")[2] as string;

const typeOf = (index: number): number => (index * 7) % types;

/** A vector for each type, and noise. */
function typedVectors(count: number, draw: Draw): SmallWorld["vectors"] {
  const dimension = 12;
  const centres = Array.from({ length: types }, () => draw.fillNormal(new Float32Array(dimension), 1));
  const values = draw.fillNormal(new Float32Array(count * dimension), 0.3);
  for (let i = 0; i < values.length; i++)
    values[i] = (values[i] as number) + (centres[typeOf(Math.floor(i / dimension))]?.[i % dimension] as number);
  const ids = Array.from({ length: count }, (_, index) => `Q${index}`);
  return { ids, row: new Map(ids.map((id, row) => [id, row])), dimension, values };
}

/** Trains a linear head and everything below it; returns the share of test entities typed right. */
async function accuracy(
  definition: unknown,
  options: unknown,
  { vectors = world.vectors, epochs = 6, start = new Map<string, Float32Array>() } = {},
): Promise<number> {
  const fusion = (definition as FusionDefinition).create(options, { ...world, vectors }) as Fusion;
  const model = createFusedEncoder(createEncoder(world.encoder), fusion);
  const kernel = {
    name: "head/kernel",
    shape: [types, 16],
    init: { kind: "normal", deviation: 0.02 },
    role: "weight",
  } as const;
  const parameters = Parameters.create([...model.parameters, kernel], streams(5));
  for (const [name, values] of start) if (parameters.has(name)) parameters.assign(name, values);
  const { prepared } = await prepareExamples(examples, { tokenizer: world.tokenizer, maxLength: length, fusion });
  const batchOf = (indices: readonly number[]) => {
    const { arrays } = collateExamples(
      indices.map((index) => prepared[index] as (typeof prepared)[number]),
      length,
      fusion,
    );
    const labels = Int32Array.from(indices, typeOf);
    return { arrays: { ...arrays, labels: { dtype: "int32" as const, shape: [indices.length], data: labels } } };
  };
  const batches: BatchSource = {
    batchesInEpoch: () => trainSize / 32,
    batch: (epoch, index) =>
      batchOf([
        ...streams(6)
          .at("order", epoch)
          .permutation(trainSize)
          .slice(32 * index, 32 * index + 32),
      ]),
  };
  /** Logits float32 [B, C] from the first piece of the name, which stands at position 3. */
  const logits = (weights: Weights, batch: TensorBatch, context = inference): tf.Tensor => {
    const { hidden } = model.run(weights, batch, context).stream;
    const [rows, , size] = hidden.shape as [number, number, number];
    return ops.linear(
      tf.reshape(tf.slice(hidden, [0, 3, 0], [rows, 1, size]), [rows, size]),
      weights.get("head/kernel"),
    );
  };
  const losses: LossFunction = (weights, batch, context) => {
    const labels = batch.labels as tf.Tensor;
    return { typing: ops.softmaxCrossEntropy(logits(weights, batch, context), labels, tf.ones(labels.shape)) };
  };
  try {
    await train({
      parameters,
      losses,
      constants: model.constants,
      groups: model.frozenIn("finetuning").map((match) => ({ match, frozen: true })),
      data: batches,
      length: { epochs },
      optimiser: { name: "adamw", rate: 2e-2 },
      schedule: { name: "linear", warmup: 0.1 },
      clipNorm: 1,
      streams: streams(7),
      label: "only the graph knows",
      progress: silent,
    });
    const held = Array.from({ length: testSize }, (_, i) => trainSize + i);
    const right = tf.tidy(() => {
      const tensors = toDevice({ ...batchOf(held).arrays, ...model.constants });
      const best = tf.argMax(logits(parameters, tensors), -1).dataSync();
      return held.filter((index, row) => best[row] === typeOf(index)).length;
    });
    return right / testSize;
  } finally {
    parameters.dispose();
  }
}

// Chance is .25; three deviations of a share of 80 are .15.
it("types entities by their vectors, and neither without nor with random ones", async () => {
  const options = ernieThu.options.parse({ fusedLayers: encoder.fused });
  const random = controls.random?.vectors?.(world.vectors, streams(8));
  expect(await accuracy(none, {})).toBeLessThan(0.4);
  expect(await accuracy(ernieThu, options, { vectors: random })).toBeLessThan(0.4);
  expect(await accuracy(ernieThu, options)).toBeGreaterThan(0.9);
});

it("types entities by their branches, and not without", async () => {
  expect(await accuracy(none, {}, { epochs: 10 })).toBeLessThan(0.4);
  expect(await accuracy(kBert, kBert.options.parse({}), { epochs: 10 })).toBeGreaterThan(0.9);
});

/** An encoder that WKLM pre-trained on all texts, those of the test's entities too. */
async function pretrainedByWklm(): Promise<ReadonlyMap<string, Float32Array>> {
  const fusion = wklm.create(wklm.options.parse({ types: ["plays"] }), world) as Fusion;
  const model = createFusedEncoder(createEncoder(world.encoder), fusion);
  const parameters = Parameters.create([...model.parameters, ...model.headParameters], streams(5));
  const settings = { tokenizer: world.tokenizer, maxLength: length, fusion };
  try {
    await train({
      parameters,
      losses: (weights, batch, context) => model.losses(model.run(weights, batch, context), weights, batch, context),
      data: {
        batchesInEpoch: () => examples.length / 40,
        async batch(epoch, index) {
          const drawFor = (row: number) => streams(9).at("rewriting", epoch, 40 * index + row);
          const { prepared } = await prepareExamples(examples.slice(40 * index, 40 * index + 40), {
            ...settings,
            drawFor,
          });
          return collateExamples(prepared, length, fusion, streams(9).at("corruption", epoch, index));
        },
      },
      length: { epochs: 10 },
      optimiser: { name: "adamw", rate: 5e-3 },
      schedule: { name: "constant" },
      streams: streams(7),
      label: "WKLM",
      progress: silent,
    });
    return (await parameters.snapshot()) as ReadonlyMap<string, Float32Array>;
  } finally {
    parameters.dispose();
  }
}

// WKLM swaps within a type: texts that tell nothing of types tell nothing of replacements, and nothing is read at fine-tuning.
it("types no entity by what WKLM learns of texts that tell nothing", async () => {
  const start = new Map(await pretrainedByWklm());
  expect(await accuracy(none, {}, { start })).toBeLessThan(0.4);
});
