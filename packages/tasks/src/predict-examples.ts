import type { FusedEncoder } from "@kgraft/fusion";
import type { Parameters } from "@kgraft/tensor";
import type { TextExample, Tokenizer } from "@kgraft/text";
import type { Task } from "./contract.ts";
import type { Prediction } from "./predictions.ts";
import { prepareTexts } from "./prepared-texts.ts";
import { TaskModel } from "./task-model.ts";
import { TextBatches } from "./text-batches.ts";

/** What predicts: a task with its head's parameters among the model's. */
export interface PredictNeeds {
  readonly task: Task;
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
}

/**
 * Predicts for examples as the task has them in its splits, in their order; nothing for one whose target lies beyond the
 * length limit.
 *
 * @throws RunError `tasks.logits` where a score is not finite
 */
export async function predictExamples(
  examples: readonly TextExample[],
  { task, model, parameters, tokenizer }: PredictNeeds,
): Promise<readonly Prediction[]> {
  const { maxLength, batchSize } = task.training;
  const { prepared } = await prepareTexts(examples, { model, tokenizer, maxLength });
  const fitting = prepared.filter((example) => task.fits(example));
  const batches = new TextBatches(fitting, { batchSize });
  return new TaskModel(task, model, undefined).predict(parameters, prepared, batches);
}
