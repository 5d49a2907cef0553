import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import { hostTensors, openBackend, Parameters, writeSafetensors } from "@kgraft/tensor";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import type { Fusion } from "../contract.ts";
import { loadStoredParameters } from "../stored-parameters.ts";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { kAdapter } from "./index.ts";

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await smallWorld();
});

const sizes = { innerHeads: 2, innerLayers: 1 };

function made(adapters: Readonly<Record<string, unknown>>, seed: number, more: Readonly<Record<string, unknown>> = {}) {
  const fusion = kAdapter.create(kAdapter.options.parse({ ...sizes, ...more, adapters }), world) as Fusion;
  const parameters = Parameters.create(fusion.parameters ?? [], streams(seed));
  onTestFinished(() => parameters.dispose());
  return { fusion, parameters };
}

/** A folder with some parameters of a model, under names of their own. */
async function saved(
  { parameters }: ReturnType<typeof made>,
  file: string,
  nameOf: (ours: string) => string | undefined,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-adapter-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const arrays = [...(await parameters.snapshot())].flatMap(([name, data]) => {
    const stored = nameOf(name);
    return stored === undefined
      ? []
      : [[stored, { dtype: "float32", shape: parameters.spec(name).shape, data }] as const];
  });
  await writeSafetensors(join(folder, file), hostTensors(arrays));
  return folder;
}

const factual = "fusion/k-adapter/factual/";
const storages: readonly (readonly [string, string, (name: string) => string | undefined])[] = [
  ["a model folder", "fusion.safetensors", (name) => name],
  ["a folder of its own", "part.safetensors", (name) => (name.startsWith(factual) ? name : undefined)],
  ["the released file of one adapter", "model.safetensors", (name) => name.replace(factual, "")],
  ["the released file of a fine-tuned model", "model.safetensors", (name) => name.replace(factual, "fac_adapter.")],
];

it.each(storages)("an adapter starts from %s, beside one that starts afresh", async (_, file, nameOf) => {
  const trained = made({ factual: {} }, 1);
  const from = await saved(trained, file, nameOf);
  const { fusion, parameters } = made({ factual: { from }, linguistic: { task: "dependency" } }, 2);
  const before = await parameters.snapshot();
  await loadStoredParameters(fusion, parameters);
  const [source, after] = [await trained.parameters.snapshot(), await parameters.snapshot()];
  for (const [name, values] of after)
    expect(values, name).toEqual(name.startsWith(`${factual}adapter`) ? source.get(name) : before.get(name));
});

it("an adapter of another shape is refused, naming what does not fit", async () => {
  const from = await saved(made({ factual: {} }, 1), "fusion.safetensors", (name) => name);
  const { fusion, parameters } = made({ factual: { from } }, 2, { innerSize: 8 });
  await expect(loadStoredParameters(fusion, parameters)).rejects.toThrow(
    "fusion/k-adapter/factual/adapter.0.down_project.weight is [12, 16], wanted [8, 16]; ",
  );
});

it("a folder without the adapter is refused, naming what it lacks", async () => {
  const from = await saved(made({ other: {} }, 1), "fusion.safetensors", (name) => name);
  const { fusion, parameters } = made({ factual: { from } }, 2);
  await expect(loadStoredParameters(fusion, parameters)).rejects.toThrow(
    "fusion.safetensors: lacks fusion/k-adapter/factual/adapter.0.down_project.weight [12, 16]; lacks ",
  );
  const empty = made({ factual: { from: join(from, "nowhere") } }, 2);
  await expect(loadStoredParameters(empty.fusion, empty.parameters)).rejects.toThrow(
    "nowhere: holds no parameters. Wanted one of",
  );
});
