import { fileURLToPath } from "node:url";
import { silent, streams } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { layerSpecs, steadyLayerLosses } from "../../test-data/layer-run.ts";
import { type HostBatch, openBackend, Parameters, SafetensorsFile, train } from "../index.ts";

/** What tests/golden/make_training_curve.py made in PyTorch. */
const path = fileURLToPath(new URL("../../../../tests/golden/training-curve/expected.safetensors", import.meta.url));
const [steps, rows, length, masked] = [50, 2, 6, 4];

let golden: SafetensorsFile;
let batches: HostBatch[];
beforeAll(async () => {
  golden = await SafetensorsFile.open(path);
  const [ids, labels, weights] = await Promise.all(["ids", "labels", "weights"].map((name) => golden.read(name)));
  const part = <T extends Int32Array | Float32Array>(data: unknown, step: number, size: number): T =>
    (data as T).slice(step * size, (step + 1) * size) as T;
  batches = Array.from({ length: steps }, (_, step) => ({
    arrays: {
      ids: { dtype: "int32", shape: [rows, length], data: part<Int32Array>(ids?.data, step, rows * length) },
      labels: { dtype: "int32", shape: [masked], data: part<Int32Array>(labels?.data, step, masked) },
      weights: { dtype: "float32", shape: [masked], data: part<Float32Array>(weights?.data, step, masked) },
      places: { dtype: "int32", shape: [masked], data: Int32Array.of(0, 1, length, length + 1) },
      visible: {
        dtype: "bool",
        shape: [rows, 1, length],
        data: Uint8Array.from({ length: rows * length }, (_, i) => (i === rows * length - 1 ? 0 : 1)),
      },
    },
  }));
});
afterAll(() => golden.close());

describe.each(testedBackends)("fifty steps on %s", (backend) => {
  beforeAll(async () => void (await openBackend(backend)));

  it("lose as PyTorch's do, to 1e-4", async () => {
    const parameters = Parameters.create(layerSpecs, streams(1));
    for (const name of parameters.names()) parameters.assign(name, await golden.readFloats(`weight/${name}`));
    const { losses } = await train({
      parameters,
      losses: steadyLayerLosses,
      data: { batchesInEpoch: () => steps, batch: (_, index) => batches[index] as HostBatch },
      length: { steps },
      optimiser: { name: "adamw", rate: 0.01, decay: 0.1 },
      schedule: { name: "linear", warmup: 5 },
      clipNorm: 1,
      streams: streams(1),
      label: "curve",
      progress: silent,
    });
    parameters.dispose();
    const wanted = await golden.readFloats("losses");
    const off = [...wanted].map((loss, step) => Math.abs(loss - (losses.mlm?.[step] as number)));
    expect(Math.max(...off)).toBeLessThan(1e-4);
    expect(off).toHaveLength(steps);
  });
});
