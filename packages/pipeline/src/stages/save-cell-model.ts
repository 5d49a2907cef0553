import { saveModel } from "@kgraft/encoder";
import { type HostArray, hostTensors, type Parameters } from "@kgraft/tensor";
import type { CheckedArm } from "../arms.ts";
import type { Cell } from "../comparison-table.ts";
import type { SharedWork } from "../composition.ts";
import { strategyOptions } from "./build-model.ts";
import { modelCard } from "./model-card.ts";

/** What is saved of a finished cell. */
export interface ModelOfCell {
  readonly shared: SharedWork;
  readonly cell: Cell & { readonly task: string | undefined };
  readonly arm: CheckedArm;
  readonly parameters: Parameters;
}

/**
 * Saves a cell's model in Hugging Face's layout: encoder and its family's heads in `model.safetensors`; what is kgraft's own
 * (fusion, task head) in `fusion.safetensors`.
 */
export async function saveCellModel(folder: string, { shared, cell, arm, parameters }: ModelOfCell): Promise<void> {
  const { encoder, configJson, tokenizerFiles } = await shared.checkpoint();
  const values = await parameters.snapshot();
  const own = (name: string): boolean => name.startsWith("fusion/") || name.startsWith("head/");
  const arrayOf = (name: string): HostArray => ({
    dtype: "float32",
    shape: parameters.spec(name).shape,
    data: values.get(name) as Float32Array,
  });
  const names = [...values.keys()];
  await saveModel(folder, {
    config: encoder.config,
    configJson,
    weights: hostTensors(names.filter((name) => !own(name)).map((name) => [name, arrayOf(name)] as const)),
    tokenizerFiles,
    fusion: {
      options: {
        name: arm.name,
        strategies: Object.fromEntries(arm.strategies.map((name) => [name, strategyOptions(shared.config, name)])),
        task: cell.task,
      },
      weights: new Map(names.filter(own).map((name) => [name, arrayOf(name)])),
    },
    card: modelCard(shared.config, cell),
  });
}
