import { InputError } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import type { Splits } from "../contract.ts";

/** The parts of a task's data. */
export const splitNames = ["train", "validation", "test"] as const;

/** Changes every example of every part. */
export function mapSplits({ train, validation, test }: Splits, change: (example: TextExample) => TextExample): Splits {
  return { train: train.map(change), validation: validation.map(change), test: test.map(change) };
}

/**
 * Checks that there is something to train on and to score.
 *
 * @throws InputError `tasks.examples.empty`
 */
export function assertExamples(splits: Splits, task: string): void {
  for (const split of ["train", "test"] as const)
    if (splits[split].length === 0)
      throw new InputError({
        code: "tasks.examples.empty",
        at: `${task}.${split}`,
        problem: "there is no example",
        wanted: "Wanted at least one",
      });
}
