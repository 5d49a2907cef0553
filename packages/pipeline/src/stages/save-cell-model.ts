import { join } from "node:path";
import {
  type CheckpointWithTokenizer,
  familyOf,
  type ModelPart,
  maskedLanguageModelHead,
  saveModel,
} from "@kgraft/encoder";
import type { FusedEncoder, Fusion } from "@kgraft/fusion";
import { writeFileAtomic } from "@kgraft/runtime";
import type { Task, TaskFileOptions } from "@kgraft/tasks";
import { type HostArray, hostTensors, type Parameters, writeSafetensors } from "@kgraft/tensor";
import type { CheckedArm } from "../arms.ts";
import type { Cell } from "../comparison-table.ts";
import { required, type SharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import { hideInStrings } from "../config/secrets.ts";
import { MODEL_CONFIG } from "../model-folder.ts";
import { strategyOptions } from "./build-model.ts";
import { modelCard } from "./model-card.ts";

/** What is saved of a finished cell. */
export interface ModelOfCell {
  readonly shared: SharedWork;
  readonly cell: Cell & { readonly task: string | undefined };
  readonly arm: CheckedArm;
  readonly task: Task | undefined;
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
}

/**
 * Saves a cell's model in Hugging Face's layout: what `transformers` knows in `model.safetensors`, the fusion's own tensors
 * in `fusion.safetensors`, the task's head with its labels in `head.safetensors`; what other models can take over of a fusion
 * also alone, in `parts/<name>/part.safetensors`. The config stands beside them: graph, linker and links come from it.
 */
export async function saveCellModel(folder: string, model: ModelOfCell): Promise<void> {
  const { shared, cell, parameters, task } = model;
  const checkpoint = await shared.checkpoint();
  const values = await parameters.snapshot();
  const arrays = [...values].map(([name, data]): [string, HostArray] => [
    name,
    { dtype: "float32", shape: parameters.spec(name).shape, data: data as Float32Array },
  ]);
  const { encoder, left, own } = divide(checkpoint, arrays, task !== undefined);
  const isHead = ([name]: [string, HostArray]): boolean => name.startsWith("head/");
  const written = shared.config.written({ folder, arm: cell.arm, seed: cell.seed });
  await saveModel(folder, {
    config: checkpoint.encoder.config,
    configJson: checkpoint.configJson,
    weights: hostTensors(encoder.filter(([name]) => !left.has(name))),
    tokenizerFiles: checkpoint.tokenizerFiles,
    fusion: fusionPart(
      model,
      own.filter((one) => !isHead(one)),
    ),
    ...(task !== undefined && { head: headPart(shared.config, task, own.filter(isHead)) }),
    card: modelCard(shared.config, cell, written),
  });
  await writeFileAtomic(join(folder, MODEL_CONFIG), written);
  await saveParts(folder, model.model.fusion, new Map(arrays));
}

async function saveParts(
  folder: string,
  { parts = {} }: Fusion,
  arrays: ReadonlyMap<string, HostArray>,
): Promise<void> {
  for (const [part, names] of Object.entries(parts)) {
    const own = names.map((name) => [name, arrays.get(name) as HostArray] as const);
    await writeSafetensors(join(folder, "parts", part, "part.safetensors"), hostTensors(own));
  }
}

/**
 * Tells the family's own weights from ours. `transformers` knows an encoder with its pooler, and an encoder without it under
 * a masked-LM head: after a task the masked-LM head is left out, after pre-training alone the pooler, which was not trained.
 */
function divide(
  { encoder }: CheckpointWithTokenizer,
  arrays: readonly [string, HostArray][],
  hasTask: boolean,
): { encoder: [string, HostArray][]; left: ReadonlySet<string>; own: [string, HostArray][] } {
  const masked = maskedLanguageModelHead(encoder.config).parameters.map(({ name }) => name);
  const { prefix, names } = familyOf(encoder.config.modelType);
  const pooler = encoder.parameters
    .map(({ name }) => name)
    .filter((name) => names.pooler !== undefined && name.startsWith(`${prefix}${names.pooler}.`));
  // A strategy may train a part of that head without the objective that brings the whole.
  const isMasked = masked.every((one) => arrays.some(([name]) => name === one));
  const family = new Set([...encoder.parameters.map(({ name }) => name), ...masked]);
  return {
    encoder: arrays.filter(([name]) => family.has(name)),
    left: new Set(!hasTask && isMasked ? pooler : masked),
    own: arrays.filter(([name]) => !family.has(name)),
  };
}

function fusionPart({ shared, arm }: ModelOfCell, weights: readonly [string, HostArray][]): ModelPart {
  const strategies = Object.fromEntries(arm.strategies.map((name) => [name, strategyOptions(shared.config, name)]));
  return {
    options: hideInStrings({ name: arm.name, strategies }, shared.config.secrets),
    weights: new Map(weights),
  };
}

/** The head with what predicting takes: the task's options but for its files, and the labels in the order of the logits. */
function headPart(config: RunConfig, task: Task, weights: readonly [string, HostArray][]): ModelPart {
  const { train: _, validation: __, test: ___, ...options } = required(config, "task").options as TaskFileOptions;
  return {
    options: hideInStrings({ task: task.name, labels: task.labels, options }, config.secrets),
    weights: new Map(weights),
  };
}
