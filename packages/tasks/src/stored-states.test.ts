import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collateExamples, type PreparedText, prepareExamples } from "@kgraft/fusion";
import { silent } from "@kgraft/runtime";
import { inference, openBackend, tf, toDevice } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeStates } from "./index.ts";
import { type MadeWorld, madeModel, madeWorld } from "./testing/made-world.ts";

let world: MadeWorld;
let folder: string;

beforeAll(async () => {
  await openBackend("cpu");
  world = await madeWorld();
  folder = await mkdtemp(join(tmpdir(), "kgraft-states-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function opened() {
  const { model, parameters } = madeModel(world, "ernie-thu");
  const { tokenizer } = world;
  const { prepared } = await prepareExamples(world.splits.test, { tokenizer, maxLength: 32, fusion: model.fusion });
  return { model, parameters, prepared };
}

/** Largest difference of last hidden states at real pieces between a run from stored states and a whole run. */
async function difference(kept: { readonly folder?: string }): Promise<number> {
  const { model, parameters, prepared } = await opened();
  const states = await storeStates(model, parameters, prepared, { layer: 1, progress: silent, ...kept });
  let furthest = 0;
  for (let start = 0; start < prepared.length; start += 10) {
    const examples = prepared.slice(start, start + 10);
    const { arrays } = collateExamples(examples, 20, model.fusion);
    const hidden = await states.batch(examples, 20);
    const [stored, whole] = tf.tidy(() => {
      const batch = toDevice({ ...arrays, ...hidden, ...model.constants });
      const run = (from: number) => model.run(parameters, batch, inference, { from }).stream.hidden.dataSync();
      return [run(1), run(0)];
    }) as unknown as [Float32Array, Float32Array];
    for (const place of realPlaces(examples, 20, world.config.hiddenSize))
      furthest = Math.max(furthest, Math.abs((stored[place] as number) - (whole[place] as number)));
  }
  await states.close();
  parameters.dispose();
  return furthest;
}

function* realPlaces(examples: readonly PreparedText[], length: number, size: number): Generator<number> {
  for (const [row, { encoding }] of examples.entries())
    for (let i = 0; i < encoding.ids.length * size; i++) yield row * length * size + i;
}

describe("stored hidden states", () => {
  it("give what the step would have computed, in memory and on disk", async () => {
    expect(await difference({})).toBeLessThan(1e-6);
    expect(await difference({ folder })).toBeLessThan(1e-6);
  });

  it("are found again for the same weights and pieces, and only then", async () => {
    const shelf = join(folder, "again");
    const { model, parameters, prepared } = await opened();
    const store = async (examples = prepared) => {
      const states = await storeStates(model, parameters, examples, { layer: 1, progress: silent, folder: shelf });
      await states.close();
      return states.reused;
    };
    expect([await store(), await store()]).toEqual([false, true]);
    expect(await store(prepared.slice(1))).toBe(false);
    const name = "bert.encoder.layer.0.output.dense.bias";
    parameters.assign(name, new Float32Array(world.config.hiddenSize).fill(0.5));
    expect(await store()).toBe(false);
    parameters.assign("bert.encoder.layer.1.output.dense.bias", new Float32Array(world.config.hiddenSize).fill(0.5));
    expect(await store()).toBe(true);
    parameters.dispose();
  });

  it("are computed again where a file was cut short, and the cut is named where it happens while reading", async () => {
    const shelf = join(folder, "cut");
    const { model, parameters, prepared } = await opened();
    const store = () => storeStates(model, parameters, prepared, { layer: 1, progress: silent, folder: shelf });
    await (await store()).close();
    const [name = ""] = await readdir(shelf);
    await truncate(join(shelf, name, "states.f32"), 100);
    const states = await store();
    expect(states.reused).toBe(false);
    await truncate(join(shelf, name, "states.f32"), 100);
    await expect(states.batch(prepared, 20)).rejects.toThrow(
      "the stored hidden states have become shorter while they were read. Remove that folder",
    );
    await states.close();
    parameters.dispose();
  });
});
