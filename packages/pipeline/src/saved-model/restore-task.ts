import type { ModelPart, TransformerEncoder } from "@kgraft/encoder";
import { InputError } from "@kgraft/runtime";
import type { Task, TaskDefinition } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import type { Registry } from "../registry.ts";
import { madeUpExample } from "./made-up-example.ts";

/** What a model folder says of its head. */
const savedHead = z.object({
  task: z.string(),
  labels: z.array(z.string()).readonly(),
  options: z.record(z.string(), z.unknown()),
});

/**
 * Makes the task again whose head a folder holds.
 *
 * A task is made from examples; here each of its labels gets one that is made up: the same head comes of them.
 *
 * @param at the folder, for errors
 * @param examples what is to be predicted: the task's test split, where one without labels has the task's first as a stand-in;
 *   absent: made up as the others
 * @throws InputError `saved-model.head` where the folder does not say which task it was
 */
export function restoreTask(
  { options }: ModelPart,
  encoder: TransformerEncoder,
  registry: Registry,
  at: string,
  examples?: readonly TextExample[],
): Task {
  const read = savedHead.safeParse(options);
  if (!read.success)
    throw new InputError({
      code: "saved-model.head",
      at: `${at}/config.json: kgraft.head`,
      problem: "does not name a task, its labels and its options",
      wanted: 'Wanted {"task", "labels", "options"}, as kgraft run writes them',
    });
  const { task, labels, options: stated } = read.data;
  const { definition } = registry.get("task", task, `${at}/config.json: kgraft.head.task`);
  const isOfTriples = (definition as TaskDefinition).examples === "triple";
  // A triple's labels say whether it is true; without any it is.
  const madeUp = labels.map((label, index) => ({
    ...madeUpExample(label, index),
    ...(isOfTriples && { labels: undefined }),
  }));
  const test =
    examples?.map((example) => ({ spans: [], ...example, labels: example.labels ?? labels.slice(0, 1) })) ?? madeUp;
  const splits = { train: madeUp, validation: madeUp, test };
  return (definition as TaskDefinition).create(stated as never, { splits, encoder });
}
