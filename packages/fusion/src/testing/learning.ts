import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import {
  assertPure,
  gradients,
  hostTensors,
  inference,
  Optimiser,
  SafetensorsFile,
  tf,
  writeSafetensors,
} from "@kgraft/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SuiteSetting } from "../testing.ts";
import { openTrial, type Trial } from "./trial.ts";

/** What a strategy's parameters do. */
export function testLearning({ definition, options, world }: SuiteSetting): void {
  const open = (seed?: number): Trial => {
    const trial = openTrial(definition, options, world(), seed);
    onTestFinished(() => trial.parameters.dispose());
    return trial;
  };
  /** A batch as pre-training makes it. */
  const pretrainingBatch = async (trial: Trial) =>
    trial.collate(await trial.prepare(world().examples), 24, streams(3).at("corruption"));

  describe("learning", () => {
    it("starts from the seed", async () => {
      const values = async (seed: number) => open(seed).parameters.snapshot();
      expect(await values(1)).toEqual(await values(1));
    });

    it("has gradients for all of its own that is not frozen, and trains nothing that is", async () => {
      const trial = open();
      const { fused, parameters } = trial;
      const groups = fused.frozenIn("pretraining").map((match) => ({ match, frozen: true }));
      const optimiser = new Optimiser({ name: "sgd", rate: 0.1 }, parameters, { groups });
      onTestFinished(() => optimiser.dispose());
      const { trainable } = optimiser;
      const before = await parameters.snapshot();
      const batch = await pretrainingBatch(trial);
      const reached = trial.onDevice(batch, (tensors) => {
        const step = gradients(trial.losses, parameters, tensors, inference, {}, { trainable });
        const scalars = optimiser.scalars(1, 1);
        optimiser.apply(step.gradients, scalars);
        disposeAll([step, scalars]);
        return Object.keys(step.gradients);
      });
      const own = [...(fused.fusion.parameters ?? []), ...fused.headParameters].map(({ name }) => name);
      expect(own.filter((name) => !reached.includes(name))).toEqual(own.filter((name) => !trainable.includes(name)));
      for (const [name, values] of await parameters.snapshot()) {
        expect(values.every(Number.isFinite), name).toBe(true);
        if (!trainable.includes(name)) expect(values, name).toEqual(before.get(name));
      }
    });

    it("has losses that are sums over a count, none where nothing is counted", async () => {
      const trial = open();
      const unlinked = world().examples.map(({ mentions: _, ...example }) => example);
      const empty = trial.collate(await trial.prepare(unlinked), 24, streams(3).at("corruption"));
      for (const batch of [await pretrainingBatch(trial), empty]) {
        const losses = trial.onDevice(batch, (tensors) =>
          tf.tidy(() =>
            Object.values(trial.losses(trial.parameters, tensors, inference)).map(({ sum, weight }) => ({
              sum: sum.dataSync()[0],
              weight: weight.dataSync()[0] ?? Number.NaN,
            })),
          ),
        );
        for (const { sum, weight } of losses) {
          expect(sum).toSatisfy(Number.isFinite);
          expect(weight).toBeGreaterThanOrEqual(0);
          if (weight === 0) expect(sum).toBeCloseTo(0);
        }
      }
    });

    it("leaks no tensor", async () => {
      const trial = open();
      const batch = await pretrainingBatch(trial);
      const step = () =>
        trial.onDevice(batch, (tensors) => {
          disposeAll(gradients(trial.losses, trial.parameters, tensors, inference));
        });
      step();
      const before = tf.memory().numTensors;
      step();
      expect(tf.memory().numTensors).toBe(before);
    });

    it("is a pure function of tensors, dropout included", async () => {
      const trial = open();
      const rows = await trial.prepare(world().examples);
      const batchOf = (order: typeof rows, seed: number) => trial.collate(order, 24, streams(seed).at("corruption"));
      const batches = [batchOf(rows, 3), batchOf(rows.toReversed(), 4)].map(({ arrays }, run) => ({
        arrays: { ...arrays, key: { dtype: "int32" as const, shape: [2], data: Int32Array.of(run, 1) } },
      }));
      const [first, second] = batches as [(typeof batches)[number], (typeof batches)[number]];
      const { parameters } = trial;
      trial.onDevice(first, (one) =>
        trial.onDevice(second, (other) => {
          assertPure((run) => {
            const tensors = run === 0 ? one : other;
            return gradients(trial.losses, parameters, tensors, { training: true, key: tensors.key });
          });
        }),
      );
    });

    it("is the same after saving and loading", async () => {
      const [saved, loaded] = [open(1), open(2)];
      const folder = await mkdtemp(join(tmpdir(), "kgraft-fusion-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const file = join(folder, "weights.safetensors");
      const values = [...(await saved.parameters.snapshot())].map(([name, data]) => {
        const { shape } = saved.parameters.spec(name);
        return [name, { dtype: "float32", shape, data }] as const;
      });
      await writeSafetensors(file, hostTensors(values));
      const read = await SafetensorsFile.open(file);
      onTestFinished(() => read.close());
      for (const name of loaded.parameters.names()) loaded.parameters.assign(name, await read.read(name));
      const batch = await pretrainingBatch(saved);
      expect(loaded.run(batch)).toEqual(saved.run(batch));
    });
  });
}

/** Disposes of every tensor in records of records. */
function disposeAll(made: unknown): void {
  tf.dispose(made as tf.TensorContainer);
}
