import { createEncoder } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { Container } from "inversify";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { collateExamples } from "./batch.ts";
import type { Fusion, FusionDefinition } from "./contract.ts";
import { ernieThu } from "./ernie-thu/index.ts";
import { createFusedEncoder } from "./fused-encoder.ts";
import module from "./module.ts";
import { none } from "./none.ts";
import { prepareExamples } from "./prepared-text.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";
import { FUSION } from "./tokens.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

async function model(given: Readonly<Record<string, unknown>>) {
  const fusion = ernieThu.create(ernieThu.options.parse(given), world);
  const fused = createFusedEncoder(createEncoder(world.encoder), fusion);
  const parameters = Parameters.create([...fused.parameters, ...fused.headParameters], streams(1));
  const { prepared, counts } = await prepareExamples(world.examples, {
    tokenizer: world.tokenizer,
    maxLength: 40,
    fusion,
  });
  const batch = toDevice({
    ...collateExamples(prepared, 16, fusion, streams(2).at("draw")).arrays,
    ...fused.constants,
  });
  onTestFinished(() => {
    parameters.dispose();
    tf.dispose({ ...batch });
  });
  return { fused, parameters, batch, counts };
}

describe("createFusedEncoder", () => {
  it("runs a strategy and its losses from a batch of standard arrays", async () => {
    const { fused, parameters, batch, counts } = await model({ fusedLayers: [2, 3] });
    const losses = tf.tidy(() => {
      const run = fused.run(parameters, batch, inference);
      expect(run.stream.hidden.shape).toEqual([4, 16, 16]);
      const made = fused.losses(run, parameters, batch, inference);
      return Object.entries(made).map(([name, { weight }]) => [name, weight.dataSync()[0]]);
    });
    expect(losses).toEqual([["entityAlignment", 5]]);
    expect(counts).toEqual({ mentions: 6, mentionsWithoutVector: 1 });
    expect(fused.firstLayer).toBe(2);
  });

  it("is the plain encoder under none", () => {
    const encoder = createEncoder(world.encoder);
    const fused = createFusedEncoder(encoder, none.create({}, world));
    expect(fused.parameters).toEqual(encoder.parameters);
    expect(fused.headParameters).toEqual([]);
    expect(fused.constants).toEqual({});
    expect(fused.firstLayer).toBe(4);
  });

  it("takes a strategy that reaches into the encoder, and does not say from where, to change every layer", () => {
    const encoder = createEncoder(world.encoder);
    const first = (fusion: Fusion): number => createFusedEncoder(encoder, fusion).firstLayer;
    expect(first({ attention: () => ({}) })).toBe(0);
    expect(first({ embed: (stream) => stream })).toBe(0);
    expect(first({ layer: () => undefined })).toBe(0);
    expect(first({ layer: () => undefined, firstLayer: 3 })).toBe(3);
    expect(first({ collate: () => ({}) })).toBe(4);
  });

  it("refuses stored states from above the first fused layer", async () => {
    const { fused, parameters, batch } = await model({ fusedLayers: [2, 3] });
    expect(() => fused.run(parameters, batch, inference, { from: 3 })).toThrow(
      "fusion.run: stored hidden states of layer 3, but the strategy changes layers from 2 on. States may be stored for layers 0 to 2.",
    );
  });

  it("names an array that the batch lacks", async () => {
    const { fused, parameters, batch } = await model({ fusedLayers: [2, 3] });
    const without = (missing: string) => Object.fromEntries(Object.entries(batch).filter(([name]) => name !== missing));
    expect(() => fused.run(parameters, without("inputIds"), inference)).toThrow(
      'fusion.batch: no array "inputIds". The batch has',
    );
    expect(() => fused.run(parameters, without("fusion/ernie-thu/entityVectors"), inference)).toThrow(
      'no array "fusion/ernie-thu/entityVectors"',
    );
    expect(() => fused.run(parameters, batch, inference, { from: 2 })).toThrow('no array "hidden.2"');
  });
});

describe("ernie-thu", () => {
  const create = (given: Readonly<Record<string, unknown>>, vectors: SmallWorld["vectors"] | undefined) =>
    ernieThu.create(ernieThu.options.parse(given), { ...world, vectors });

  it("scales the vectors to a mean length, or takes them as they are, behind a row of zeros", () => {
    const lengths = (given: Readonly<Record<string, unknown>>) => {
      const { data, shape } = create(given, world.vectors).constants?.["fusion/ernie-thu/entityVectors"] ?? {
        data: [],
        shape: [],
      };
      expect(shape).toEqual([7, 12]);
      return Array.from({ length: 7 }, (_, row) => Math.hypot(...data.slice(row * 12, row * 12 + 12)));
    };
    const mean = (values: readonly number[]) => values.slice(1).reduce((sum, value) => sum + value, 0) / 6;
    expect(mean(lengths({}))).toBeCloseTo(3, 5);
    expect(mean(lengths({ vectorNorm: 1.5 }))).toBeCloseTo(1.5, 5);
    const own = lengths({ vectorNorm: "as-given" });
    expect(own[0]).toBe(0);
    expect(own[3]).toBeCloseTo(Math.hypot(...world.vectors.values.slice(24, 36)), 5);
  });

  it("says what is missing or does not fit", () => {
    expect(() => create({}, undefined)).toThrow(
      "config.fusion: ernie-thu has no entity vectors. It feeds a vector for each linked entity into the encoder. Name a graph and an embedding in the config.",
    );
    const empty = { ids: [], row: new Map(), dimension: 12, values: new Float32Array() };
    expect(() => create({}, empty)).toThrow("config.fusion: ernie-thu was given 0 entity vectors.");
    expect(() => create({ entityHeads: 5 }, world.vectors)).toThrow(
      "config.strategies.ernie-thu.entityHeads: 5 heads do not divide entity vectors of 12 numbers. Every head reads an equal share of the vector. Take 1, 2, 3, 4, 6, 12, or change config.embedding.dimension.",
    );
  });
});

describe("the module", () => {
  it("binds every strategy of this package", async () => {
    const container = new Container();
    await container.load(module);
    const names = container.getAll<FusionDefinition>(FUSION).map(({ name }) => name);
    expect(names).toEqual(["none", "ernie-thu", "k-adapter", "k-bert", "kg-bert", "wklm"]);
  });
});
