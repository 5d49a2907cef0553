import { KgraftError, messageOf, RunError } from "@kgraft/runtime";
import type { HostBatch } from "../contract.ts";
import { describeArrays } from "./host-batch.ts";

const outOfMemory =
  /out of memory|\boom\b|resource.?exhausted|failed to allocate|allocation failed|cannot enlarge memory|memory access out of bounds|invalid typed array length/i;

/** Where in a run something went wrong. */
export interface FailedStep {
  readonly label: string;
  readonly step: number;
  readonly batches: readonly HostBatch[];
}

/** Turns what a step threw into an error that names step and batch; our own errors stay as they are. */
export function stepFailure(thrown: unknown, { label, step, batches }: FailedStep): Error {
  if (thrown instanceof KgraftError) return thrown;
  const message = messageOf(thrown);
  const at = `${label}: step ${step}`;
  if (!outOfMemory.test(message))
    return new RunError({
      code: "tensor.train.step",
      at,
      problem: `failed: ${message}`,
      wanted: batchIds(batches),
      cause: thrown,
    });
  const shapes = [...new Set(batches.map(({ arrays }) => describeArrays(arrays)))].join("; ");
  return new RunError({
    code: "tensor.train.memory",
    at,
    problem: `out of memory on a batch of ${shapes} (${message})`,
    fix: "Make batches smaller or shorter, and accumulate more of them a step for the same update",
    cause: thrown,
  });
}

/** A loss or gradient norm that is NaN or infinite: the weights are still those of the step before. */
export function notFinite(what: string, value: number, { label, step, batches }: FailedStep): RunError {
  return new RunError({
    code: "tensor.train.diverged",
    at: `${label}: step ${step}`,
    problem: `${what} is ${value}`,
    wanted: batchIds(batches),
    fix: "The last checkpoint is intact. Try a lower rate, a longer warm-up or clipNorm, and look at these examples",
  });
}

/** `Batch: a, b, c, … (16 examples)`, or nothing where the batches name no examples. */
function batchIds(batches: readonly HostBatch[]): string | undefined {
  const ids = batches.flatMap((batch) => batch.ids ?? []);
  if (ids.length === 0) return undefined;
  const shown = ids.slice(0, 8).join(", ");
  return `Batch: ${shown}${ids.length > 8 ? `, … (${ids.length} examples)` : ""}`;
}
