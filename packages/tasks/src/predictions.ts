import { writeLinesAtomic } from "@kgraft/runtime";
import { readLabelLines } from "./label-lines.ts";

/** What a model says of one example. */
export interface Prediction {
  readonly id: string;
  /** The labels chosen, in the order of the task's label list; empty where none is. */
  readonly labels: readonly string[];
  /** Probability of each label; absent where the example could not be scored (its target was cut off). */
  readonly scores?: Readonly<Record<string, number>>;
}

/** Writes predictions as JSON Lines, one `{id, labels, scores?}` a line, whole or not at all. */
export function writePredictions(path: string, predictions: Iterable<Prediction>): Promise<void> {
  return writeLinesAtomic(path, lines(predictions));
}

/** Reads a prediction file. @throws InputError with `file:line`, see {@link readLabelLines} */
export async function readPredictions(path: string): Promise<readonly Prediction[]> {
  const predictions: Prediction[] = [];
  for await (const { at: _, ...prediction } of readLabelLines(path)) predictions.push(prediction);
  return predictions;
}

function* lines(predictions: Iterable<Prediction>): Generator<string> {
  for (const { id, labels, scores } of predictions)
    yield JSON.stringify({
      id,
      labels,
      ...(scores === undefined ? {} : { scores }),
    });
}
