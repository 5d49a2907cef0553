import { createEncoder, type EncoderConfig } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import { gradients, type HostBatch, inference, Optimiser, openBackend, Parameters, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { batchArrays, hiddenArray } from "../batch.ts";
import type { FusionDefinition, TrainingStage } from "../contract.ts";
import { none } from "../none.ts";
import { type SmallWorld, smallEncoder, smallWorld } from "../testing/small-world.ts";
import { openTrial, type States, type Trial } from "../testing/trial.ts";
import { createAdapter } from "./adapter.ts";
import { kAdapter } from "./index.ts";
import { taughtWorld } from "./testing/taught-world.ts";

/* Laws of the official computation, at parameters away from their start: fresh adapters hardly do anything. */
let world: SmallWorld;
beforeAll(async () => {
  await openBackend("wasm");
  world = taughtWorld(await smallWorld());
});

const small = { innerHeads: 2, innerLayers: 1 };
const factual = { task: "relation", layers: [0, 2, 4] };
const linguistic = { task: "dependency", layers: [1, 3] };
const both = { ...small, adapters: { factual, linguistic } };

function open(options: Readonly<Record<string, unknown>>, encoder: Partial<EncoderConfig> = {}): Trial {
  const changed = { ...world, encoder: { ...world.encoder, ...encoder } };
  const trial = openTrial(kAdapter as unknown as FusionDefinition, options, changed);
  onTestFinished(() => trial.parameters.dispose());
  move(trial, "/adapter.");
  return trial;
}

/** Draws every parameter whose name holds a text anew, large enough to be felt. */
function move({ parameters }: Trial, part: string, deviation = 0.3): void {
  for (const name of parameters.names()) {
    if (!name.startsWith("fusion/") || !name.includes(part)) continue;
    const { shape } = parameters.spec(name);
    const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1));
    parameters.assign(name, streams(9).at(name).fillNormal(data, deviation));
  }
}

const length = 16;
const batchOf = async (trial: Trial, padded = length): Promise<HostBatch> =>
  trial.collate(await trial.prepare(world.examples), padded, streams(3).at("corruption"));

/** What the output seam leaves in the stream: an adapter's output, or the encoder's last states. */
function sideOf(trial: Trial, batch: HostBatch, name: string, range?: { from: number }): States {
  return trial.onDevice(batch, (tensors) =>
    tf.tidy(() => {
      const tensor = trial.fused.run(trial.parameters, tensors, inference, range).stream.side[name] as tf.Tensor;
      return { shape: tensor.shape, values: Float32Array.from(tensor.dataSync()) };
    }),
  );
}

const furthest = (a: States, b: States): number =>
  a.values.reduce((most, value, i) => Math.max(most, Math.abs(value - (b.values[i] ?? Number.NaN))), 0);

/** The states without what stands behind the last piece of each row. */
function realStates({ shape, values }: States, batch: HostBatch): number[] {
  const [, columns, size] = shape as [number, number, number];
  const mask = batch.arrays[batchArrays.attentionMask]?.data as Uint8Array;
  return [...values].filter((_, i) => mask[Math.floor(i / size)] === 1 && columns > 0);
}

const families: readonly Partial<EncoderConfig>[] = [{}, { modelType: "roberta", maxPositions: 43 }];

describe.each(families)("neutral laws on %o", (family) => {
  const plain = async (): Promise<States> => {
    const trial = openTrial(
      none as unknown as FusionDefinition,
      {},
      { ...world, encoder: { ...smallEncoder, ...family } },
    );
    onTestFinished(() => trial.parameters.dispose());
    return trial.run(await batchOf(trial));
  };

  it("leaves the encoder's states alone, bit for bit", async () => {
    const trial = open(both, family);
    const batch = await batchOf(trial);
    expect(sideOf(trial, batch, "k-adapter/last")).toEqual(await plain());
    expect(trial.run(batch)).not.toEqual(await plain());
  });

  it("gives tasks the last states at the identity start, of one adapter and of two, bit for bit", async () => {
    for (const adapters of [{ factual }, both.adapters]) {
      const trial = open({ ...both, adapters, start: "identity" }, family);
      expect(trial.run(await batchOf(trial))).toEqual(await plain());
    }
  });
});

describe("adapters", () => {
  it("give the sum of the layers they read where the way up is zero: not nothing", async () => {
    const trial = open({ ...small, adapters: { factual } });
    move(trial, "up_project", 0);
    const batch = await batchOf(trial);
    const { values } = sideOf(trial, batch, "k-adapter/factual");
    const layers = [0, 2].map((to) => trial.run(batch, { to }).values);
    const last = sideOf(trial, batch, "k-adapter/last").values;
    const f32 = Math.fround;
    expect(values).toEqual(last.map((value, i) => f32(f32((layers[0]?.[i] ?? 0) + (layers[1]?.[i] ?? 0)) + value)));
  });

  it("do not feel each other", async () => {
    const trial = open(both);
    const batch = await batchOf(trial);
    const before = sideOf(trial, batch, "k-adapter/linguistic");
    const moved = sideOf(trial, batch, "k-adapter/factual");
    move(trial, "factual/", 0.5);
    expect(sideOf(trial, batch, "k-adapter/linguistic")).toEqual(before);
    expect(sideOf(trial, batch, "k-adapter/factual")).not.toEqual(moved);
  });

  it("read the layers they are told to, and these only", async () => {
    const trial = open(both);
    const stored = trial.withStored(await batchOf(trial), 4);
    const output = (name: string, layer: number): States => {
      const key = hiddenArray(layer);
      const array = stored.arrays[key] as HostBatch["arrays"][string];
      const arrays = { ...stored.arrays, [key]: { ...array, data: Float32Array.from(array.data, (value) => -value) } };
      return sideOf(trial, { ...stored, arrays }, `k-adapter/${name}`, { from: 4 });
    };
    const unchanged = (name: string): States => sideOf(trial, stored, `k-adapter/${name}`, { from: 4 });
    for (const layer of [0, 1, 2, 3, 4]) {
      for (const [name, { layers }] of Object.entries(both.adapters)) {
        const reads = layers.includes(layer);
        expect(furthest(output(name, layer), unchanged(name)) > 0, `${name} ${layer}`).toBe(reads);
      }
    }
  });

  it("have no positions of their own: pieces in another order give the same outputs in that order", async () => {
    const trial = open({ ...small, adapters: { factual } });
    const stored = trial.withStored(await batchOf(trial), 4);
    const turned = { ...stored, arrays: Object.fromEntries(Object.entries(stored.arrays).map(reversedPieces)) };
    const output = (batch: HostBatch): States => sideOf(trial, batch, "k-adapter/factual", { from: 4 });
    const [, back] = reversedPieces([
      "hidden",
      { dtype: "float32", shape: output(turned).shape, data: output(turned).values },
    ]);
    expect(furthest(output(stored), { shape: back.shape, values: back.data as Float32Array })).toBeLessThan(1e-5);
  });

  it("see padding in the official mode alone", async () => {
    const [masked, official] = [open(both), open({ ...both, attendPadding: true })];
    const real = async (trial: Trial, padded: number): Promise<number[]> => {
      const batch = await batchOf(trial, padded);
      return realStates(sideOf(trial, batch, "k-adapter/factual"), batch);
    };
    const change = async (trial: Trial): Promise<number> => {
      const [short, long] = [await real(trial, length), await real(trial, length + 8)];
      return Math.max(...short.map((value, i) => Math.abs(value - (long[i] as number))));
    };
    expect(await change(masked)).toBeLessThan(1e-5);
    expect(await change(official)).toBeGreaterThan(1e-3);
  });

  it("are the same in both modes where no row is padded", async () => {
    const [masked, official] = [open(both), open({ ...both, attendPadding: true })];
    const alone = async (trial: Trial): Promise<States> => {
      const [first] = await trial.prepare(world.examples.slice(0, 1));
      return trial.run(trial.collate(first ? [first] : [], first?.encoding.ids.length ?? 0));
    };
    expect(await alone(masked)).toEqual(await alone(official));
  });
});

function reversedPieces([name, array]: [string, HostBatch["arrays"][string]]): [string, HostBatch["arrays"][string]] {
  const [rows, columns = 1, size = 1] = array.shape;
  if (array.shape.length < 2 || columns !== length) return [name, array];
  const data = array.data.slice();
  for (let row = 0; row < (rows as number); row++)
    for (let piece = 0; piece < columns; piece++)
      for (let i = 0; i < size; i++)
        data[(row * columns + piece) * size + i] = array.data[((row + 1) * columns - 1 - piece) * size + i] as number;
  return [name, { ...array, data }];
}

describe("at the start", () => {
  const official = { hidden: 1024, inner: 768, innerLayers: 2, innerHeads: 12, dropout: 0.1, skipLayers: 0 };
  const sizeOf = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);

  it("an adapter has the 47,251,200 parameters of the official one, at the sizes that the defaults give RoBERTa-large", () => {
    const specs = createAdapter("factual", [0, 11, 22], official).parameters;
    expect(specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(47_251_200);
    const encoder = { ...smallEncoder, hiddenSize: 1024, embeddingSize: 1024, numLayers: 24, numHeads: 16 };
    const made = kAdapter.create(kAdapter.options.parse({ fusion: "add" }), { ...world, encoder });
    expect(made.parameters?.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(47_251_200);
    expect(made.taps).toEqual([0, 11, 22]);
  });

  it("side networks hardly do anything: the root mean square of S - F is 2e-4 times the root of the width", () => {
    const sizes = { ...official, hidden: 128, inner: 96 };
    const adapter = createAdapter("factual", [0], sizes);
    const parameters = Parameters.create(adapter.parameters, streams(2));
    onTestFinished(() => parameters.dispose());
    const rms = tf.tidy(() => {
      const values = streams(3)
        .at("states")
        .fillNormal(new Float32Array(4 * 16 * 128), 1);
      const state = tf.tensor(values, [4, 16, 128]);
      const visible = tf.ones([4, 1, 16], "bool");
      const at = { weights: parameters, batch: {}, context: inference };
      const output = adapter.run(new Map([[0, state]]), visible, at);
      return tf.sqrt(tf.mean(tf.square(tf.sub(output, state)))).dataSync()[0] as number;
    });
    const expected = 2e-4 * Math.sqrt(96);
    expect(rms).toBeGreaterThan(0.9 * expected);
    expect(rms).toBeLessThan(1.1 * expected);
    const down = parameters.get("fusion/k-adapter/factual/adapter.0.down_project.weight").dataSync<"float32">();
    const deviation = Math.sqrt(down.reduce((sum, value) => sum + value ** 2, 0) / down.length);
    expect(Math.abs(deviation / 2e-4 - 1)).toBeLessThan(0.05);
  });
});

describe("training", () => {
  /** Names of the parameters that one step of a stage moves. */
  async function moved(trial: Trial, stage: TrainingStage): Promise<readonly string[]> {
    const { fused, parameters } = trial;
    const groups = fused.frozenIn(stage).map((match) => ({ match, frozen: true }));
    const optimiser = new Optimiser({ name: "sgd", rate: 0.5 }, parameters, { groups });
    onTestFinished(() => optimiser.dispose());
    const before = await parameters.snapshot();
    const batch = await batchOf(trial);
    trial.onDevice(batch, (tensors) => {
      const { trainable } = optimiser;
      const step = gradients(trial.losses, parameters, tensors, inference, {}, { trainable });
      const scalars = optimiser.scalars(1, 1);
      optimiser.apply(step.gradients, scalars);
      tf.dispose([step, scalars] as unknown as tf.TensorContainer);
    });
    const after = await parameters.snapshot();
    return parameters.names().filter((name) => after.get(name)?.some((value, i) => value !== before.get(name)?.[i]));
  }

  const untouched = (name: string): boolean => /key\.bias$|pooler/.test(name);

  it("moves in pre-training the adapters that learn and their heads, and nothing else", async () => {
    const trial = open({ ...small, adapters: { factual, linguistic: { layers: [1] } } });
    const names = await moved(trial, "pretraining");
    const promised = (name: string): boolean => /^fusion\/k-adapter\/factual\/(adapter|head)/.test(name);
    expect(names.filter((name) => !promised(name))).toEqual([]);
    expect(
      trial.parameters.names().filter((name) => promised(name) && !untouched(name) && !names.includes(name)),
    ).toEqual([]);
  });

  it("moves in fine-tuning the encoder and the way adapters are read, and no adapter", async () => {
    const trial = open(both);
    const names = await moved(trial, "finetuning");
    expect(names.filter((name) => name.includes("/adapter."))).toEqual([]);
    expect(names.filter((name) => name.includes("task_dense")).length).toBe(6);
    const still = createEncoder(smallEncoder).parameters.filter(
      ({ name }) => !untouched(name) && !names.includes(name),
    );
    expect(still).toEqual([]);
  });

  it("passes gradients through frozen adapters into the encoder", async () => {
    const name = "bert.encoder.layer.0.output.dense.weight";
    const gradientOf = async (change: (trial: Trial) => void): Promise<Float32Array> => {
      const trial = open({ ...small, adapters: { factual: { layers: [1] } }, fusion: "add" });
      change(trial);
      const batch = await batchOf(trial);
      return trial.onDevice(batch, (tensors) => {
        const step = gradients(trial.losses, trial.parameters, tensors, inference, {}, { trainable: [name] });
        const values = Float32Array.from((step.gradients[name] as tf.Tensor).dataSync<"float32">());
        tf.dispose(step as unknown as tf.TensorContainer);
        return values;
      });
    };
    expect(await gradientOf((trial) => move(trial, "up_project", 0))).not.toEqual(await gradientOf(() => undefined));
  });

  it("without a graph says so once relations are to be learnt", async () => {
    const trial = openTrial(kAdapter as unknown as FusionDefinition, small, { ...world, relations: undefined });
    onTestFinished(() => trial.parameters.dispose());
    const batch = await batchOf(trial);
    expect(trial.run(batch).shape).toEqual([4, length, smallEncoder.hiddenSize]);
    expect(() => trial.onDevice(batch, (tensors) => trial.losses(trial.parameters, tensors, inference))).toThrow(
      "k-adapter.adapters.factual: is to learn relations, but there is no graph",
    );
  });

  it("refuses layers that the encoder does not have", () => {
    expect(() => open({ adapters: { factual: { layers: [0, 5] } } })).toThrow(
      "k-adapter.adapters.factual.layers.1: is 5, the encoder has 4 layers. Wanted 0 (what goes into the first layer) to 4.",
    );
  });
});
