import { RunError } from "@kgraft/runtime";
import type { Prediction } from "../predictions.ts";

/** How logits become labels. */
export type Decision =
  /** The likeliest label, the first of equals; scores are the softmax. */
  | { readonly kind: "argmax" }
  /** Every label whose logit is above the threshold: maybe none; scores are sigmoids. */
  | { readonly kind: "threshold"; readonly threshold: number }
  /** The same, and where there is none the likeliest, all of equals. */
  | { readonly kind: "threshold-or-argmax"; readonly threshold: number };

/**
 * Decides on the labels of one example.
 *
 * @param logits float32 [C], in the order of the labels
 * @throws RunError `tasks.logits` where a logit is not finite: it would look like an empty prediction
 * @source threshold: ERNIE-THU's Open Entity script, logit > 0; threshold-or-argmax: its FIGER script, and UFET's
 */
export function decide(id: string, logits: Float32Array, labels: readonly string[], decision: Decision): Prediction {
  const bad = logits.findIndex((logit) => !Number.isFinite(logit));
  if (bad !== -1)
    throw new RunError({
      code: "tasks.logits",
      at: "tasks.predict",
      problem: `example ${JSON.stringify(id)} has the logit ${logits[bad]} for ${JSON.stringify(labels[bad])}`,
      wanted: "Wanted finite numbers",
      fix: "Training has diverged: lower the rates, or lengthen the warm-up",
    });
  const probabilities = decision.kind === "argmax" ? softmax(logits) : Array.from(logits, sigmoid);
  return {
    id,
    labels: chosen(logits, decision).map((index) => labels[index] as string),
    scores: Object.fromEntries(labels.map((label, index) => [label, probabilities[index] as number])),
  };
}

function chosen(logits: Float32Array, decision: Decision): readonly number[] {
  const highest = logits.reduce((best, logit) => Math.max(best, logit), Number.NEGATIVE_INFINITY);
  if (decision.kind === "argmax") return [logits.indexOf(highest)];
  const above = indices(logits, (logit) => logit > decision.threshold);
  if (above.length > 0 || decision.kind === "threshold") return above;
  return indices(logits, (logit) => logit === highest);
}

function indices(logits: Float32Array, test: (logit: number) => boolean): readonly number[] {
  return Array.from(logits.keys()).filter((index) => test(logits[index] as number));
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

function softmax(logits: Float32Array): readonly number[] {
  const highest = logits.reduce((best, logit) => Math.max(best, logit), Number.NEGATIVE_INFINITY);
  const powers = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
