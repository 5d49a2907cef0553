import { InputError } from "@kgraft/runtime";
import type { BatchSource } from "../contract.ts";

/** How long a run is. */
export type TrainingLength = { readonly steps: number } | { readonly epochs: number };

/** Where a run stands: the next batch is `index` of `epoch`, both from 0. */
export interface Position {
  readonly epoch: number;
  readonly index: number;
}

/** The batches of one step. */
export interface StepBatches extends Position {
  /** How many batches from `index` on, at most `accumulate`; they never cross an epoch's end. */
  readonly count: number;
  readonly next: Position;
}

/** Which batches the steps of a run take. */
export interface StepPlan {
  /** Updates in all. */
  readonly total: number;
  at(position: Position): StepBatches;
}

/**
 * Lays batches out over steps: `accumulate` batches a step, fewer at an epoch's end.
 *
 * @throws InputError `tensor.train.length` for a length that is no whole number above 0, `tensor.train.empty` where an
 * epoch has no batch
 */
export function planSteps(data: BatchSource, length: TrainingLength, accumulate: number): StepPlan {
  const [unit, wanted] = "steps" in length ? (["steps", length.steps] as const) : (["epochs", length.epochs] as const);
  checkCount(`length.${unit}`, wanted);
  checkCount("accumulate", accumulate);
  const batches = (epoch: number): number => {
    const count = data.batchesInEpoch(epoch);
    if (count > 0) return count;
    throw new InputError({
      code: "tensor.train.empty",
      at: "train.data",
      problem: `epoch ${epoch} has no batch`,
      wanted: "Wanted at least one example to train on",
    });
  };
  let total = unit === "steps" ? wanted : 0;
  if (unit === "epochs") for (let epoch = 0; epoch < wanted; epoch++) total += Math.ceil(batches(epoch) / accumulate);
  return {
    total,
    at: ({ epoch, index }) => {
      const left = batches(epoch) - index;
      if (left <= 0) throw beyondEnd(epoch, index);
      const count = Math.min(accumulate, left);
      const next = count === left ? { epoch: epoch + 1, index: 0 } : { epoch, index: index + count };
      return { epoch, index, count, next };
    },
  };
}

function checkCount(at: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  const problem = `is ${value}`;
  throw new InputError({ code: "tensor.train.length", at, problem, wanted: "Wanted a whole number above 0" });
}

function beyondEnd(epoch: number, index: number): InputError {
  return new InputError({
    code: "tensor.train.position",
    at: "train.data",
    problem: `epoch ${epoch} has no batch ${index}, where the checkpoint goes on`,
    fix: "The data has changed since: start again without --resume",
  });
}
