import type { TextExample } from "@kgraft/text";
import type { Task } from "../contract.ts";
import { type ClassificationReport, scoreClasses } from "../metrics/classification.ts";
import type { Prediction } from "../predictions.ts";
import { decide } from "./decision.ts";

/** Predicts the likeliest of a task's labels. */
export function likeliestOf(labels: readonly string[]): Task["predict"] {
  return ({ example }, logits) => decide(example.id, logits, labels, { kind: "argmax" });
}

/**
 * Scores predictions of one label each.
 *
 * @param nullLabel the class that micro and macro scores leave out
 */
export function scoreOneLabel(task: string, nullLabel?: string) {
  return (gold: readonly TextExample[], predictions: readonly Prediction[]): ClassificationReport =>
    scoreClasses(
      gold.map(({ id, labels = [] }) => ({ id, labels })),
      predictions,
      { at: `tasks.${task}`, nullLabel },
    );
}
