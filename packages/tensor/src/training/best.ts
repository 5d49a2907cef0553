import { RunError } from "@kgraft/runtime";
import { nearestNames } from "../nearest-names.ts";
import type { Best, Evaluation, EvaluationOptions } from "./options.ts";

/** Keeps the evaluations of a run, which of them is the best, and how long ago that was. */
export class BestTracker {
  readonly evaluations: Evaluation[];
  readonly #options: EvaluationOptions;
  best: Best | undefined;

  constructor(options: EvaluationOptions, evaluations: readonly Evaluation[] = []) {
    this.#options = options;
    this.evaluations = [];
    for (const evaluation of evaluations) this.add(evaluation);
  }

  /**
   * Adds an evaluation; true where it is the best so far.
   *
   * @throws RunError `tensor.evaluate.metric` where the deciding metric is missing or no number
   */
  add(evaluation: Evaluation): boolean {
    const { metric, goal = "max" } = this.#options;
    const value = evaluation.metrics[metric];
    if (value === undefined || Number.isNaN(value)) throw metricError(metric, value, evaluation);
    this.evaluations.push(evaluation);
    const improved = this.best === undefined || (goal === "max" ? value > this.best.value : value < this.best.value);
    if (improved) this.best = { step: evaluation.step, value };
    return improved;
  }

  /** Whether patience has run out. */
  get exhausted(): boolean {
    const { patience } = this.#options;
    const { best } = this;
    if (patience === undefined || best === undefined) return false;
    return this.evaluations.filter(({ step }) => step > best.step).length >= patience;
  }
}

function metricError(metric: string, value: number | undefined, { step, metrics }: Evaluation): RunError {
  const missing = value === undefined;
  return new RunError({
    code: "tensor.evaluate.metric",
    at: `evaluate.metric: ${metric}`,
    problem: missing ? `the evaluation of step ${step} gives no such metric` : `is NaN at step ${step}`,
    wanted: missing ? nearestNames(metric, Object.keys(metrics)) : "Wanted a number to compare by",
  });
}
