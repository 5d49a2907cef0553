/** Sizes, first weights and batch of the step that is timed, on the host: every arm gets the same. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import type { HostArray } from "@kgraft/tensor";

export const SHAPE = { layers: 4, hidden: 256, heads: 4, inner: 1024, tokens: 128, batch: 16, words: 8192, masked: 19 };
export const OPTIMISER = { rate: 1e-4, decay: 0.01, epsilon: 1e-8 };
/** Of layer normalization. */
export const EPSILON = 1e-12;

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
export const isGain = (name: string): boolean => /gain/i.test(name);
/** Biases and normalization, which do not decay. */
export const isPlain = (name: string): boolean => /gain|shift|bias/i.test(name);

/** Shapes of the weights by name; kernels are [out, in]. */
export function weightShapes({ layers, hidden, inner, tokens, words } = SHAPE): Readonly<Record<string, number[]>> {
  const shapes: Record<string, number[]> = {
    word: [words, hidden],
    position: [tokens, hidden],
    type: [2, hidden],
    gain: [hidden],
    shift: [hidden],
    transform: [hidden, hidden],
    transformBias: [hidden],
    transformGain: [hidden],
    transformShift: [hidden],
    vocabularyBias: [words],
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["query", "key", "value", "output"]) {
      shapes[`${layer}.${name}`] = [hidden, hidden];
      shapes[`${layer}.${name}Bias`] = [hidden];
    }
    Object.assign(shapes, {
      [`${layer}.up`]: [inner, hidden],
      [`${layer}.upBias`]: [inner],
      [`${layer}.down`]: [hidden, inner],
      [`${layer}.downBias`]: [hidden],
      [`${layer}.gain1`]: [hidden],
      [`${layer}.shift1`]: [hidden],
      [`${layer}.gain2`]: [hidden],
      [`${layer}.shift2`]: [hidden],
    });
  }
  return shapes;
}

/** N(0, 0.05²), gains 1. */
export function weightValues(name: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  return isGain(name) ? values.fill(1) : streams(1).at(name).fillNormal(values, 0.05);
}

/** One batch; the ends of its rows are padding. */
export function hostBatch({ batch, tokens, masked, words } = SHAPE): Readonly<Record<string, HostArray>> {
  const draw = streams(1).at("batch");
  const ids = Int32Array.from({ length: batch * tokens }, () => draw.integer(words));
  const rows = Int32Array.from(
    { length: batch * masked },
    (_, i) => Math.floor(i / masked) * tokens + ((i * 7) % tokens),
  );
  const labels = Int32Array.from({ length: batch * masked }, () => draw.integer(words));
  const visible = Uint8Array.from({ length: batch * tokens }, (_, i) => (i % tokens < tokens - (i % 16) ? 1 : 0));
  return {
    ids: { dtype: "int32", shape: [batch, tokens], data: ids },
    rows: { dtype: "int32", shape: [rows.length], data: rows },
    labels: { dtype: "int32", shape: [labels.length], data: labels },
    weights: { dtype: "float32", shape: [labels.length], data: new Float32Array(labels.length).fill(1) },
    visible: { dtype: "bool", shape: [batch, 1, tokens], data: visible },
  };
}

/** Writes all of it for a program in another language: `spec.json`, and raw little-endian arrays one after the other. */
export async function writeStep(folder: string): Promise<void> {
  const weights = Object.entries(weightShapes()).map(([name, shape]) => ({ name, shape, decays: !isPlain(name) }));
  const batch = Object.entries(hostBatch());
  const arrays = batch.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const spec = { shape: SHAPE, optimiser: OPTIMISER, epsilon: EPSILON, weights, arrays };
  await writeFile(join(folder, "spec.json"), JSON.stringify(spec));
  const parts = [...weights.map(({ name, shape }) => weightValues(name, shape)), ...batch.map(([, { data }]) => data)];
  await writeFile(
    join(folder, "arrays.bin"),
    parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)),
  );
}
