import { streams } from "@kgraft/runtime";
import { inference, openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { FusionDefinition } from "../contract.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { openTrial, type Trial } from "../testing/trial.ts";
import { arrays } from "./collate.ts";
import { ernieThu } from "./ernie-thu.ts";
import type { ErnieThuOptions } from "./options.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const length = 16;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function open(change: Partial<SmallWorld> = {}, candidates: ErnieThuOptions["candidates"] = "batch"): Trial {
  const options = { fusedLayers: [2, 3], vectorNorm: "as-given", candidates };
  const trial = openTrial(ernieThu as unknown as FusionDefinition, options, { ...world, ...change });
  onTestFinished(() => trial.parameters.dispose());
  for (const { name, shape } of trial.fused.headParameters) {
    const size = shape.reduce((product, axis) => product * axis, 1);
    const values = streams(2).at(name).fillNormal(new Float32Array(size), 0.5);
    trial.parameters.assign(name, { dtype: "float32", shape, data: values });
  }
  return trial;
}

/** Loss of the head on fixed states, and what it was computed from. */
async function lossOn(trial: Trial) {
  const prepared = await trial.prepare(world.examples);
  const batch = trial.collate(prepared, length, streams(1).at("corruption"));
  const size = world.encoder.hiddenSize;
  const hidden = streams(6)
    .at("hidden")
    .fillNormal(new Float32Array(prepared.length * length * size), 1);
  const loss = trial.onDevice(batch, (tensors) =>
    tf.tidy(() => {
      const states = tf.tensor(hidden, [prepared.length, length, size]);
      const stream = { hidden: states, visible: states, side: {} };
      const at = { weights: trial.parameters, batch: tensors, context: inference };
      const made = trial.fused.fusion.heads?.entityAlignment?.loss(states, stream, at);
      return { sum: made?.sum.dataSync()[0] ?? Number.NaN, weight: made?.weight.dataSync()[0] ?? Number.NaN };
    }),
  );
  return { loss, hidden, batch };
}

/** `cross-entropy(LN(gelu(W h + b)) · candidatesᵀ)` in float64, piece by piece. */
function plainLoss(
  trial: Trial,
  hidden: Float32Array,
  entities: readonly number[],
  candidates: readonly number[],
): number {
  const read = (name: string) => Array.from(trial.parameters.get(`fusion/ernie-thu/alignment/${name}`).dataSync());
  const [kernel, bias, gain, offset] = ["transform/kernel", "transform/bias", "norm/gain", "norm/bias"].map(read) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const { dimension, values } = world.vectors;
  const vector = (row: number) =>
    Array.from({ length: dimension }, (_, i) => (row === 0 ? 0 : (values[(row - 1) * dimension + i] ?? Number.NaN)));
  const size = world.encoder.hiddenSize;
  const losses = entities.map((entity, position) => {
    if (entity === 0) return 0;
    const state = Array.from(hidden.subarray(position * size, (position + 1) * size));
    const inner = bias.map((b, o) =>
      gelu(b + sum(state.map((value, i) => value * (kernel[o * size + i] ?? Number.NaN)))),
    );
    const mean = sum(inner) / dimension;
    const deviation = Math.sqrt(sum(inner.map((value) => (value - mean) ** 2)) / dimension + 1e-12);
    const normed = inner.map((value, i) => ((value - mean) / deviation) * (gain[i] ?? 0) + (offset[i] ?? 0));
    const logits = candidates.map((row) => sum(vector(row).map((value, i) => value * (normed[i] ?? 0))));
    return Math.log(sum(logits.map(Math.exp))) - (logits[candidates.indexOf(entity)] ?? Number.NaN);
  });
  return sum(losses);
}

function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [erf, term] = [z, z];
  for (let n = 1; n < 200; n++) {
    term *= (-z * z) / n;
    erf += term / (2 * n + 1);
  }
  return x * 0.5 * (1 + (2 / Math.sqrt(Math.PI)) * erf);
}

describe("entity alignment head", () => {
  it("sums the cross-entropy over all aligned pieces, corrupted or not, with no entity in the softmax", async () => {
    const trial = open();
    const { loss, hidden } = await lossOn(trial);
    const original = trial.collate(await trial.prepare(world.examples), length).arrays[arrays.entityIds];
    const entities = Array.from(original?.data ?? []);
    const candidates = [...new Set([0, ...entities])].sort((a, b) => a - b);
    const aligned = entities.filter((entity) => entity !== 0).length;
    expect(aligned).toBe(5);
    expect(loss.weight).toBe(aligned);
    expect(Math.abs(loss.sum - plainLoss(trial, hidden, entities, candidates))).toBeLessThan(1e-4);
  });

  it.each([
    ["all", [0, 1, 2, 3, 4, 5, 6]],
    [
      ["Q6", "Q1", "Q4"],
      [0, 1, 4, 6],
    ],
  ] as const)("finds entities among the candidates %j", async (stated, rows) => {
    const trial = open({}, typeof stated === "string" ? stated : [...stated]);
    const { loss, hidden } = await lossOn(trial);
    const original = trial.collate(await trial.prepare(world.examples), length).arrays[arrays.entityIds];
    const asked = Array.from(original?.data ?? [], (row) => ((rows as readonly number[]).includes(row) ? row : 0));
    expect(loss.weight).toBe(asked.filter((row) => row !== 0).length);
    expect(loss.weight).toBe(stated === "all" ? 5 : 2);
    expect(Math.abs(loss.sum - plainLoss(trial, hidden, asked, rows))).toBeLessThan(1e-4);
  });

  it("refuses a candidate without vector", async () => {
    await expect(lossOn(open({}, ["Q1", "Q7"]))).rejects.toThrow(
      'config.strategies.ernie-thu.candidates: "Q7" has no vector. Wanted entities that the embedding holds.',
    );
  });

  it("does not depend on the order of candidates", async () => {
    const { vectors } = world;
    const ids = vectors.ids.toReversed();
    const { dimension } = vectors;
    const values = new Float32Array(vectors.values.length);
    for (const [row, id] of ids.entries()) {
      const start = (vectors.row.get(id) as number) * dimension;
      values.set(vectors.values.subarray(start, start + dimension), row * dimension);
    }
    const turned = open({ vectors: { ids, dimension, values, row: new Map(ids.map((id, row) => [id, row])) } });
    const [one, other] = [await lossOn(open()), await lossOn(turned)];
    expect(other.batch.arrays[arrays.alignedLabels]).not.toEqual(one.batch.arrays[arrays.alignedLabels]);
    expect(Math.abs(other.loss.sum - one.loss.sum)).toBeLessThan(1e-5);
  });
});
