import { RunError } from "@kgraft/runtime";

/**
 * Ends work between two steps where a signal came.
 *
 * @throws RunError `run.stopped`
 */
export function assertGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new RunError({
      code: "run.stopped",
      at: "kgraft",
      problem: "stopped before it was done",
      fix: "Run again with --resume to go on from there",
    });
}

/** Passes items on until a signal comes. @throws RunError `run.stopped` */
export async function* untilStopped<T>(
  items: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  for await (const item of items) {
    assertGoing(signal);
    yield item;
  }
}
