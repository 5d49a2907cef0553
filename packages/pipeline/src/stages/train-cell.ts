import { join } from "node:path";
import { addParameters } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import {
  type FinetuneResult,
  finetune,
  newHeads,
  type Objective,
  type ObjectiveDefinition,
  objectiveChoices,
  type PretrainOptions,
  type PretrainResult,
  pretrain,
  type Splits,
  type Task,
  type TaskDefinition,
  type TaskReport,
  type TextSource,
} from "@kgraft/tasks";
import type { CheckpointOptions } from "@kgraft/tensor";
import { checkpointsFolder, statesFolder } from "../cell-folder.ts";
import type { CellRequest } from "../cell-run.ts";
import { required } from "../composition.ts";
import { fingerprint } from "../fingerprint.ts";
import { frozenStatesFolder } from "../run-folders.ts";
import { type ArmModel, controlledExamples } from "./build-model.ts";

/** How often a training is saved: at most this much is lost when a process is killed. */
const checkpointEvery = { everySteps: 200, everySeconds: 60 };

/** A task with what fine-tuning made of it. */
export interface Finetuned {
  readonly task: Task;
  readonly result: FinetuneResult<TaskReport>;
}

/**
 * Goes on pre-training an arm's model; heads that the checkpoint has (its masked-LM head, for one) start as they are there.
 *
 * @param corpus as the arm's control leaves it
 */
export async function pretrainCell(
  request: CellRequest,
  model: ArmModel,
  corpus: TextSource,
  options: PretrainOptions,
): Promise<PretrainResult> {
  const { shared, seed } = request;
  const { tokenizer, weights } = await shared.checkpoint();
  const objectives = await objectivesOf(request, options);
  const heads = newHeads({ ...model, objectives });
  await addParameters(model.parameters, heads, weights, streams(seed), shared.progress);
  return pretrain({
    ...model,
    examples: corpus,
    objectives,
    tokenizer,
    options,
    streams: streams(seed),
    progress: shared.progress,
    statesFolder: frozenStatesFolder(shared.config),
    checkpoint: checkpointOf(request, "pretrain"),
    signal: shared.signal,
  });
}

/** Fine-tunes an arm's model on the task, under its control, and scores it. */
export async function finetuneCell(request: CellRequest, model: ArmModel, splits: Splits): Promise<Finetuned> {
  const { shared, seed, scratch } = request;
  const { tokenizer } = await shared.checkpoint();
  const task = await taskOf(request, splits);
  const result = await finetune({
    ...model,
    task,
    tokenizer,
    streams: streams(seed),
    progress: shared.progress,
    checkpoint: checkpointOf(request, "finetune"),
    statesFolder: statesFolder(scratch),
    signal: shared.signal,
  });
  return { task, result };
}

async function objectivesOf({ shared }: CellRequest, stated: PretrainOptions): Promise<readonly Objective[]> {
  const { registry, file } = shared.config;
  const { encoder, tokenizer } = await shared.checkpoint();
  return objectiveChoices(stated).map(({ name, options }) => {
    const { definition } = registry.get("objective", name, `${file}: config.pretrain.objectives`);
    return (definition as ObjectiveDefinition).create(definition.options.parse(options), { encoder, tokenizer });
  });
}

async function taskOf({ shared, arm }: CellRequest, splits: Splits): Promise<Task> {
  const { definition, options } = required(shared.config, "task");
  const { encoder } = await shared.checkpoint();
  const controlled = {
    train: controlledExamples(arm, splits.train),
    validation: controlledExamples(arm, splits.validation),
    test: controlledExamples(arm, splits.test),
  };
  return (definition as TaskDefinition).create(options as never, { splits: controlled, encoder });
}

function checkpointOf({ folder, identity, resume }: CellRequest, stage: string): CheckpointOptions {
  return {
    folder: join(checkpointsFolder(folder), stage),
    ...checkpointEvery,
    keep: 2,
    configHash: fingerprint({ identity, stage }),
    resume,
  };
}
