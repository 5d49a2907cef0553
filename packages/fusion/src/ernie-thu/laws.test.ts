import { type Draw, streams } from "@kgraft/runtime";
import { type HostBatch, inference, openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { FusionDefinition } from "../contract.ts";
import { createFusedEncoder } from "../fused-encoder.ts";
import { none } from "../none.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { openTrial, type States, type Trial } from "../testing/trial.ts";
import { arrays } from "./collate.ts";
import { ernieThu } from "./ernie-thu.ts";

/*
 * Laws of the official computation on the small encoder of 4 layers, at random parameters: fresh ones have zero biases,
 * where several laws would hold by accident.
 */
let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const length = 16;
const fused = { fusedLayers: [1, 2, 3] };

function open(options: Readonly<Record<string, unknown>>, change: Partial<SmallWorld> = {}): Trial {
  const trial = openTrial(ernieThu as unknown as FusionDefinition, options, { ...world, ...change });
  onTestFinished(() => trial.parameters.dispose());
  for (const name of trial.parameters.names()) {
    if (name.startsWith("fusion/")) fill(trial, name, (draw) => draw.normal() * 0.3);
  }
  return trial;
}

function fill(trial: Trial, name: string, value: (draw: Draw) => number): void {
  const draw = streams(9).at(name);
  const { shape } = trial.parameters.spec(name);
  const size = shape.reduce((product, axis) => product * axis, 1);
  trial.parameters.assign(name, {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: size }, () => value(draw)),
  });
}

const zero = (trial: Trial, pattern: RegExp): void => {
  for (const name of trial.parameters.names()) if (pattern.test(name)) fill(trial, name, () => 0);
};

async function batchOf(trial: Trial, examples = world.examples): Promise<HostBatch> {
  return trial.collate(await trial.prepare(examples), length);
}

async function plain(): Promise<States> {
  const trial = openTrial(none as unknown as FusionDefinition, {}, world);
  onTestFinished(() => trial.parameters.dispose());
  return trial.run(await batchOf(trial));
}

/** Positions of a row at which two runs differ. */
function differing(a: States, b: States, row: number): number[] {
  const size = a.shape[2] as number;
  const at = (states: States, position: number) =>
    states.values.subarray((row * length + position) * size, (row * length + position + 1) * size);
  const positions = Array.from({ length }, (_, position) => position);
  return positions.filter((position) => at(a, position).some((value, i) => value !== at(b, position)[i]));
}

/** The batch with the entity at one place of the first row changed. */
function withEntity(batch: HostBatch, position: number, row: number): HostBatch {
  const ids = batch.arrays[arrays.entityIds] as HostBatch["arrays"][string];
  const data = Int32Array.from(ids.data);
  data[position] = row;
  return { ...batch, arrays: { ...batch.arrays, [arrays.entityIds]: { ...ids, data } } };
}

const unlinked = () => world.examples.map(({ mentions: _, ...example }) => example);
const furthest = (a: States, b: States): number =>
  a.values.reduce((most, value, i) => Math.max(most, Math.abs(value - (b.values[i] ?? Number.NaN))), 0);

describe("neutral laws", () => {
  it("equals BERT bit for bit where all layers are sim", async () => {
    const trial = open({ layerTypes: ["sim", "sim", "sim", "sim"] });
    expect(trial.run(await batchOf(trial))).toEqual(await plain());
  });

  it("equals BERT bit for bit where the way into the inner layer is zero, whatever the entities", async () => {
    const trial = open(fused);
    zero(trial, /\/up\/(kernel|bias)$/);
    expect(trial.run(await batchOf(trial))).toEqual(await plain());
  });

  it("equals BERT bit for bit without entity, [CLS] and inner bias", async () => {
    const trial = open({ ...fused, clsEntity: false });
    zero(trial, /\/up\/bias$/);
    expect(trial.run(await batchOf(trial, unlinked()))).toEqual(await plain());
  });

  it("equals BERT up to rounding without entity, once its inner bias stands in BERT's", async () => {
    const trial = open({ ...fused, clsEntity: false });
    const bare = openTrial(none as unknown as FusionDefinition, {}, world);
    onTestFinished(() => bare.parameters.dispose());
    const before = bare.run(await batchOf(bare));
    for (const layer of fused.fusedLayers) {
      const name = `bert.encoder.layer.${layer}.intermediate.dense.bias`;
      const own = trial.parameters.get(`fusion/ernie-thu/layer.${layer}/up/bias`).dataSync();
      const folded = Float32Array.from(
        bare.parameters.get(name).dataSync(),
        (bias, i) => bias + (own[i] ?? Number.NaN),
      );
      bare.parameters.assign(name, folded);
    }
    const states = trial.run(await batchOf(trial, unlinked()));
    expect(furthest(states, bare.run(await batchOf(bare)))).toBeLessThan(1e-5);
    expect(furthest(states, before)).toBeGreaterThan(1e-3);
  });

  it("differs from BERT without any link, because of [CLS] and the inner bias", async () => {
    const trial = open(fused);
    expect(furthest(trial.run(await batchOf(trial, unlinked())), await plain())).toBeGreaterThan(1e-3);
  });
});

describe("permutation laws", () => {
  it("does not depend on the order of the entity table", async () => {
    const { vectors } = world;
    const ids = vectors.ids.toReversed();
    const values = Float32Array.from(
      ids.flatMap((id) => {
        const start = (vectors.row.get(id) as number) * vectors.dimension;
        return [...vectors.values.subarray(start, start + vectors.dimension)];
      }),
    );
    const turned = { ...vectors, ids, values, row: new Map(ids.map((id, row) => [id, row])) };
    const as = { ...fused, vectorNorm: "as-given" };
    const [one, other] = [open(as), open(as, { vectors: turned })];
    expect(other.run(await batchOf(other))).toEqual(one.run(await batchOf(one)));
  });

  it("gives permuted states for jointly permuted pieces, positions and entities", async () => {
    const trial = open(fused);
    const batch = trial.collate((await trial.prepare(world.examples)).slice(0, 1), length);
    const order = streams(4).at("order").permutation(length);
    const positions = Int32Array.from({ length }, (_, i) => i);
    const permute = <Data extends HostBatch["arrays"][string]["data"]>(data: Data): Data =>
      data.map((_, i) => data[order[i] as number] as number) as Data;
    const run = (arraysOf: HostBatch["arrays"], positionIds: Int32Array): States => {
      const attention = () => ({ positionIds: tf.tensor(positionIds, [1, length], "int32") });
      const placed = createFusedEncoder(trial.fused.encoder, { ...trial.fused.fusion, attention });
      return trial.onDevice({ arrays: arraysOf }, (tensors) =>
        tf.tidy(() => {
          const { hidden } = placed.run(trial.parameters, tensors, inference).stream;
          return { shape: hidden.shape, values: Float32Array.from(hidden.dataSync<"float32">()) };
        }),
      );
    };
    const moved = Object.entries(batch.arrays).map(([name, array]) => [name, { ...array, data: permute(array.data) }]);
    const there = run(batch.arrays, positions);
    const turned = run(Object.fromEntries(moved), permute(positions));
    const size = there.shape[2] as number;
    for (let i = 0; i < length; i++) {
      const from = there.values.subarray((order[i] as number) * size, ((order[i] as number) + 1) * size);
      const to = turned.values.subarray(i * size, (i + 1) * size);
      for (const [c, value] of from.entries()) expect(Math.abs(value - (to[c] ?? Number.NaN))).toBeLessThan(1e-5);
    }
  });
});

describe("locality laws", () => {
  // Row 0: [CLS] gor ##wick plays the lute in marl [SEP]; entities at 1, 5 and 7, [CLS] takes part.
  const taking = [0, 1, 5, 7];

  it("never sees a vector at a position that takes no part", async () => {
    const trial = open(fused);
    const batch = await batchOf(trial);
    expect(trial.run(withEntity(batch, 2, 4))).toEqual(trial.run(batch));
  });

  it("keeps a changed entity in its place in a mix layer", async () => {
    const trial = open({ layerTypes: ["sim", "sim", "sim", "mix"] });
    const batch = await batchOf(trial);
    expect(differing(trial.run(batch), trial.run(withEntity(batch, 5, 4)), 0)).toEqual([5]);
  });

  it("lets a changed entity reach only positions that take part in a norm layer", async () => {
    const trial = open({ layerTypes: ["sim", "sim", "sim", "norm"] });
    const batch = await batchOf(trial);
    expect(differing(trial.run(batch), trial.run(withEntity(batch, 5, 4)), 0)).toEqual(taking);
  });

  it("reaches everything of its own text, and nothing of another, through the layers above", async () => {
    const trial = open(fused);
    const batch = await batchOf(trial);
    const [before, after] = [trial.run(batch), trial.run(withEntity(batch, 5, 4))];
    expect(differing(before, after, 0).length).toBeGreaterThan(taking.length);
    expect(differing(before, after, 1)).toEqual([]);
  });

  it("does not feel the entity side behind the last fused layer", async () => {
    const trial = open(fused);
    const before = trial.run(await batchOf(trial));
    expect(trial.fused.frozenIn("finetuning")).toEqual(
      ["down/kernel", "down/bias", "norm/gain", "norm/bias"].map((name) => `fusion/ernie-thu/layer.3/${name}`),
    );
    for (const name of trial.fused.frozenIn("finetuning")) fill(trial, name, () => 5);
    expect(trial.run(await batchOf(trial))).toEqual(before);
  });

  it("feels every other entity parameter", async () => {
    const trial = open(fused);
    const batch = await batchOf(trial);
    const before = trial.run(batch);
    for (const { name } of trial.fused.fusion.parameters ?? []) {
      // A key's bias moves all scores of a query alike: softmax does not feel it.
      if (trial.fused.frozenIn("finetuning").includes(name) || name.endsWith("/key/bias")) continue;
      const kept = Float32Array.from(trial.parameters.get(name).dataSync());
      trial.parameters.assign(name, {
        dtype: "float32",
        shape: trial.parameters.spec(name).shape,
        data: kept.map((v) => v + 0.5),
      });
      expect(trial.run(batch).values, name).not.toEqual(before.values);
      trial.parameters.assign(name, { dtype: "float32", shape: trial.parameters.spec(name).shape, data: kept });
    }
  });
});
