import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CheckpointWithTokenizer, loadCheckpoint } from "@kgraft/encoder";
import type { FusedEncoder } from "@kgraft/fusion";
import type { Graph } from "@kgraft/kg";
import { InputError, streams as streamsOf } from "@kgraft/runtime";
import type { Task } from "@kgraft/tasks";
import type { Parameters } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { type CheckedArm, readArm } from "./arms.ts";
import type { SharedWork } from "./composition.ts";
import { type ConfigOverrides, readConfig } from "./config/read-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import { assignPart } from "./saved-model/part-weights.ts";
import { restoreTask } from "./saved-model/restore-task.ts";
import { armGraph, armResources, readsVectors } from "./stages/arm-resources.ts";
import { buildModel } from "./stages/build-model.ts";
import { embedGraph } from "./stages/embed-graph.ts";

/** The file of a model folder that names graph, linker and strategy as the run's config did. */
export const MODEL_CONFIG = "kgraft.yaml";

/** A model that `kgraft run` wrote, with the knowledge that it was trained with. */
export interface OpenModel {
  readonly arm: CheckedArm;
  readonly checkpoint: CheckpointWithTokenizer;
  readonly model: FusedEncoder;
  /** Encoder, strategy and head; the caller's to dispose. */
  readonly parameters: Parameters;
  /**
   * The task that the model was fine-tuned for, over these examples (its test split); undefined without a head.
   *
   * @throws InputError where an example does not fit the task
   */
  taskOf(examples: readonly TextExample[]): Task | undefined;
}

/**
 * Reads the config that a model was trained with.
 *
 * @throws InputError `model-folder.config` where the folder has none
 */
export function readModelConfig(folder: string, overrides: ConfigOverrides = {}): Promise<RunConfig> {
  const path = join(folder, MODEL_CONFIG);
  if (existsSync(path)) return readConfig(path, overrides);
  throw new InputError({
    code: "model-folder.config",
    at: folder,
    problem: existsSync(folder) ? `has no ${MODEL_CONFIG}` : "no such folder",
    wanted: "Wanted a model folder that kgraft run wrote",
    fix: "Give the folder named model in a run's folder",
  });
}

/**
 * Opens a model folder over the work that its config shares; vectors are those of the run's own stages, made again where
 * these are gone.
 *
 * @param change made to the graph that the model's strategies read
 */
export async function openModelFolder(
  folder: string,
  shared: SharedWork,
  change?: (graph: Graph) => Graph,
): Promise<OpenModel> {
  const { config, progress } = shared;
  const { seed, registry } = config;
  const arm = readArm(config, config.arm, `${config.file}: config.fusion.name`);
  await shared.backend();
  const checkpoint = await loadCheckpoint(`file:${folder}`, { progress });
  const resources = await armResources({
    arm,
    seed,
    checkpoint,
    graph: await armGraph(shared, arm, seed, change),
    vectors: readsVectors(arm) ? (await embedGraph(shared, seed)).vectors : undefined,
  });
  const streams = streamsOf(seed);
  const built = await buildModel({ config, arm, checkpoint, resources, streams, progress, provenance: undefined });
  const { model, parameters } = built;
  const { head, fusion } = checkpoint;
  assignPart(parameters, model.fusion.parameters ?? [], fusion, join(folder, "fusion.safetensors"));
  return {
    arm,
    checkpoint,
    ...built,
    taskOf(examples) {
      if (head === undefined) return undefined;
      const task = restoreTask(head, checkpoint.encoder, registry, folder, examples);
      assignPart(parameters, task.parameters, head, join(folder, "head.safetensors"));
      return task;
    },
  };
}
