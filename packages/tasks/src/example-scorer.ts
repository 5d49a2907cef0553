import type { FusedEncoder, PreparedText } from "@kgraft/fusion";
import type { Parameters } from "@kgraft/tensor";
import type { Tokenizer } from "@kgraft/text";
import type { EvaluationNeeds, Task, TaskReport } from "./contract.ts";
import { prepareTexts } from "./prepared-texts.ts";
import { TaskModel } from "./task-model.ts";
import { TextBatches } from "./text-batches.ts";

/** Most pieces of a batch, padding included. */
const batchTokens = 4096;
/** Triples are short: a padding of 8 would be a third of many. */
const multipleOf = 2;
/** Examples that are prepared, and laid out by length, together. */
const sliceSize = 16384;

/** What scores. */
interface ScorerNeeds {
  readonly task: Task<TaskReport>;
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
}

/**
 * Makes a scorer of examples in batches of like length. Examples that the model reads as the same pieces are run once, so
 * that their logits are the same to the bit.
 */
export function exampleScorer({ task, model, parameters, tokenizer }: ScorerNeeds): EvaluationNeeds["score"] {
  const taskModel = new TaskModel(task, model, undefined);
  const { maxLength } = task.training;
  return async (examples) => {
    const logits: Float32Array[] = [];
    for (let from = 0; from < examples.length; from += sliceSize) {
      const slice = examples.slice(from, from + sliceSize);
      const { prepared } = await prepareTexts(slice, { model, tokenizer, maxLength });
      const { distinct, places } = shareEqual(prepared);
      const found = new Map<PreparedText, Float32Array>();
      const batches = new TextBatches(distinct, { batchTokens, multipleOf });
      await taskModel.read(parameters, batches, (example, own) => found.set(example, own));
      for (const place of places) logits.push(found.get(distinct[place] as PreparedText) as Float32Array);
    }
    return logits;
  };
}

/** Finds examples that are one to the model; what a strategy keeps knowledge of stands for itself. */
function shareEqual(prepared: readonly PreparedText[]): {
  readonly distinct: readonly PreparedText[];
  /** Index into `distinct` for each example. */
  readonly places: readonly number[];
} {
  const distinct: PreparedText[] = [];
  const placeOf = new Map<string, number>();
  const places = prepared.map((example) => {
    const { encoding, knowledge } = example;
    const key = knowledge === undefined ? `${encoding.ids.join()} ${encoding.typeIds.join()}` : undefined;
    const known = key === undefined ? undefined : placeOf.get(key);
    if (known !== undefined) return known;
    if (key !== undefined) placeOf.set(key, distinct.length);
    return distinct.push(example) - 1;
  });
  return { distinct, places };
}
