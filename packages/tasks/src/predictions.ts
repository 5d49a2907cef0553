import { writeLinesAtomic } from "@kgraft/runtime";
import type { LabelledSpan } from "@kgraft/text";
import { readLabelLines } from "./label-lines.ts";

/** What a model says of one example. */
export interface Prediction {
  readonly id: string;
  /** The labels chosen, in the order of the task's label list; empty where none is. */
  readonly labels: readonly string[];
  /** Probability of each label; absent where the example could not be scored (its target was cut off). */
  readonly scores?: Readonly<Record<string, number>>;
  /** Spans that were found; offsets as in files: Unicode code points. */
  readonly spans?: readonly LabelledSpan[];
}

/** A triple that no training or validation triple states, and how high a model scores it. */
export interface PredictedTriple {
  readonly head: string;
  readonly relation: string;
  readonly tail: string;
  /** The model's own number: higher is likelier, and only comparable under one question. */
  readonly score: number;
  /** Which side was asked for. */
  readonly asked: "head" | "tail";
  /** Its place among the answers of its question that are not known, from 1. */
  readonly rank: number;
}

/** Writes predicted triples as JSON Lines, whole or not at all. */
export function writePredictedTriples(path: string, triples: Iterable<PredictedTriple>): Promise<void> {
  return writeLinesAtomic(path, jsonLines(triples));
}

function* jsonLines(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield JSON.stringify(value);
}

/** Writes predictions as JSON Lines, one `{id, labels, scores?, spans?}` a line, whole or not at all. */
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
  for (const prediction of predictions) yield predictionLine(prediction);
}

/** The line of a file that stands for a prediction, keys in a fixed order. */
export function predictionLine({ id, labels, scores, spans }: Prediction): string {
  return JSON.stringify({ id, labels, scores, spans });
}
