import type { FusedEncoder, PreparedText } from "@kgraft/fusion";
import { InputError, type Progress, type Streams } from "@kgraft/runtime";
import type { Parameters } from "@kgraft/tensor";
import type { TextExample, Tokenizer } from "@kgraft/text";
import type { Splits, Task, TaskReport } from "./contract.ts";
import { prepareTexts } from "./prepared-texts.ts";
import { type StoredStates, storeStates } from "./stored-states.ts";
import { TextBatches } from "./text-batches.ts";

/** A split, ready for the model. */
export interface PreparedSplit {
  readonly gold: readonly TextExample[];
  readonly prepared: readonly PreparedText[];
  /** Of the examples whose target was not cut off. */
  readonly batches: TextBatches;
  readonly fitting: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** All splits of a task, ready for the model. */
export type PreparedSplits = Readonly<Record<keyof Splits, PreparedSplit>>;

/** What preparing and storing need of fine-tuning's input. */
interface SplitNeeds {
  readonly task: Task<TaskReport>;
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
  readonly streams: Streams;
  readonly progress: Progress;
  readonly statesFolder?: string | undefined;
}

/**
 * Prepares a split, and says how many targets were cut off.
 *
 * @throws InputError `tasks.examples.empty` where that leaves nothing to train on
 */
export async function prepareSplit(
  split: keyof Splits,
  { task, model, tokenizer, streams, progress }: SplitNeeds,
): Promise<PreparedSplit> {
  const gold = task.splits[split];
  const { maxLength, batchSize } = task.training;
  const { prepared, counts } = await prepareTexts(examplesOf(split, task, streams), { model, tokenizer, maxLength });
  const fitting = prepared.filter((example) => task.fits(example));
  const cutOff = prepared.length - fitting.length;
  if (cutOff > 0)
    progress.note(
      `${task.name}: ${split}: the target of ${cutOff} of ${prepared.length} examples lies beyond ${maxLength} pieces; ${split === "train" ? "they are left out" : "nothing is predicted for them"}`,
    );
  if (split === "train" && fitting.length === 0)
    throw new InputError({
      code: "tasks.examples.empty",
      at: `${task.name}.train`,
      problem: `the target of all ${prepared.length} examples lies beyond ${maxLength} pieces`,
      wanted: "Wanted something to train on",
      fix: "Raise maxLength",
    });
  const batches = new TextBatches(fitting, { batchSize }, tokenizer.specialIds);
  return { gold, prepared, batches, fitting: fitting.length, counts: { ...counts, targetsCutOff: cutOff } };
}

/** What the model reads of a split; nothing where the task evaluates the split in its own way. */
function examplesOf(split: keyof Splits, task: Task<TaskReport>, streams: Streams): readonly TextExample[] {
  if (split === "train") return task.trainingExamples?.(streams) ?? task.splits.train;
  return task.evaluate === undefined ? task.splits[split] : [];
}

/** Stores hidden states where parameters and strategy leave the lowest layers alone; otherwise nothing. */
export async function storeLowerStates(
  { task, model, parameters, statesFolder, progress }: SplitNeeds,
  splits: PreparedSplits,
): Promise<StoredStates | undefined> {
  const layer = Math.min(task.training.freezeLayers, model.firstLayer);
  if (layer === 0 || model.fusion.readsPadding) return undefined;
  const all = Object.values(splits).flatMap(({ prepared }) => prepared);
  const fitting = all.filter((example) => task.fits(example));
  return storeStates(model, parameters, fitting, { layer, folder: statesFolder, progress });
}
