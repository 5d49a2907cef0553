import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEncoder } from "@kgraft/encoder";
import { createFusedEncoder, type Fusion, kAdapter } from "@kgraft/fusion";
import { type Progress, silent, streams } from "@kgraft/runtime";
import { openBackend, Parameters } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { mlm, type PretrainInput, pretrain, pretrainOptions } from "../index.ts";
import { type MadeWorld, madeTypes, madeWorld } from "../testing/made-world.ts";

let world: MadeWorld;
beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
});

const relations = madeTypes.map((id) => ({ id, label: id }));
const taught = ({ target, ...example }: TextExample): TextExample => ({
  ...example,
  ...(target && { targets: [target, { start: 0, end: 1 }] as const }),
});

function modelOf(options: Readonly<Record<string, unknown>> = {}, change: Partial<Fusion> = {}) {
  const resources = { encoder: world.config, tokenizer: world.tokenizer, streams: streams(1), relations };
  const given = { innerHeads: 2, innerLayers: 1, ...options };
  const fusion = kAdapter.create(kAdapter.options.parse(given), resources) as Fusion;
  const model = createFusedEncoder(createEncoder(world.config), { ...fusion, ...change });
  const parameters = Parameters.create(model.parameters, streams(1));
  onTestFinished(() => parameters.dispose());
  return { model, parameters };
}

function inputOf(
  model: ReturnType<typeof modelOf>,
  options: Readonly<Record<string, unknown>> = {},
  more: Partial<PretrainInput> = {},
): PretrainInput {
  return {
    ...model,
    examples: world.splits.train.map(taught),
    objectives: [],
    tokenizer: world.tokenizer,
    options: pretrainOptions.parse({
      objectives: [],
      steps: 8,
      batchSize: 32,
      newRate: 0.01,
      maxLength: 32,
      ...options,
    }),
    streams: streams(1),
    progress: silent,
    ...more,
  };
}

async function statesFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-frozen-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function noting(): { readonly progress: Progress; readonly notes: string[] } {
  const notes: string[] = [];
  return { progress: { ...silent, note: (text) => notes.push(text) }, notes };
}

const losses = async (input: PretrainInput): Promise<readonly number[]> => (await pretrain(input)).losses.factual ?? [];

function expectClose(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of found.entries()) expect(Math.abs(value - (wanted[i] as number))).toBeLessThan(1e-5);
}

describe("pre-training with the encoder frozen", () => {
  it("learns the same from stored states, in memory and on disk, as from states computed in every step", async () => {
    const computed = await losses(inputOf(modelOf(), { statesGb: 0 }));
    expect(computed.at(-1)).toBeLessThan(computed[0] as number);
    expectClose(await losses(inputOf(modelOf())), computed);
    expectClose(await losses(inputOf(modelOf(), {}, { statesFolder: await statesFolder() })), computed);
  });

  it("learns the same from texts that are read from their file, and stores nothing of those", async () => {
    const texts = world.splits.train.map(taught);
    const folder = await statesFolder();
    const examples = { length: texts.length, at: async (index: number) => ({ ...texts[index] }) as TextExample };
    expectClose(
      await losses(inputOf(modelOf(), {}, { examples, statesFolder: folder })),
      await losses(inputOf(modelOf())),
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("moves the adapter that learns and its head, and nothing else", async () => {
    const model = modelOf({ adapters: { factual: { task: "relation" }, still: {} } });
    const before = await model.parameters.snapshot();
    await pretrain(inputOf(model));
    const after = await model.parameters.snapshot();
    const moved = [...before].filter(([name, values]) => after.get(name)?.some((value, i) => value !== values[i]));
    expect(moved.length).toBeGreaterThan(40);
    expect(moved.map(([name]) => name).filter((name) => !name.startsWith("fusion/k-adapter/factual/adapter"))).toEqual(
      [],
    );
  });

  it("finds the states of an earlier run again", async () => {
    const folder = await statesFolder();
    const bars: string[] = [];
    const bar: Progress["bar"] = (label, total) => {
      bars.push(label);
      return silent.bar(label, total);
    };
    const progress: Progress = { ...silent, bar };
    const run = () => pretrain(inputOf(modelOf(), {}, { statesFolder: folder, progress }));
    await run();
    await run();
    expect(bars.filter((label) => label.startsWith("Hidden states")).length).toBe(1);
    expect((await readdir(folder)).length).toBe(1);
  });

  it("lets old states make room for new ones", async () => {
    const folder = await statesFolder();
    const most = { statesGb: 0.0009 }; // 96 examples of 2 layers of 32 take about 0.0003 GB
    for (const seed of [1, 2, 3, 4, 5]) {
      const model = modelOf();
      model.parameters.assign("bert.embeddings.LayerNorm.bias", new Float32Array(32).fill(seed / 10));
      await pretrain(inputOf(model, { ...most, steps: 3 }, { statesFolder: folder }));
    }
    const kept = (await readdir(folder)).length;
    expect(kept).toBeGreaterThan(1);
    expect(kept).toBeLessThan(5);
  });

  it("computes states where they do not fit, and says so", async () => {
    const { progress, notes } = noting();
    const folder = await statesFolder();
    const stored = await losses(inputOf(modelOf()));
    const capped = inputOf(modelOf(), { statesGb: 1e-6 }, { statesFolder: folder, progress });
    expectClose(await losses(capped), stored);
    expect(notes.join()).toContain(
      "the hidden states of 96 examples do not fit on 0.000001 GB of disk (statesGb): they are computed in every step",
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("stores nothing where texts change, ids are hidden, or adapters attend to padding", async () => {
    const folder = await statesFolder();
    const more = { statesFolder: folder };
    const rewriting: Partial<Fusion> = { rewrite: (example) => ({ example }) };
    const still = { dropout: 0 }; // masks depend on how far a batch is padded
    expectClose(await losses(inputOf(modelOf(still, rewriting), {}, more)), await losses(inputOf(modelOf(still))));
    const padded = await losses(inputOf(modelOf({ attendPadding: true }), {}, more));
    expect(padded.every(Number.isFinite)).toBe(true);
    const { encoder } = modelOf().model;
    const masked = mlm.create(mlm.options.parse({}), { encoder, tokenizer: world.tokenizer });
    const both = await pretrain(inputOf(modelOf(), {}, { ...more, objectives: [masked] }));
    expect(both.losses.mlm?.every(Number.isFinite)).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });
});
