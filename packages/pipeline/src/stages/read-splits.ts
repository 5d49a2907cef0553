import type { Graph } from "@kgraft/kg";
import { collect, InputError, type Progress } from "@kgraft/runtime";
import type { Splits, TaskFileOptions } from "@kgraft/tasks";
import { readExamples, type TextExample } from "@kgraft/text";
import { required } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { DatasetDefinition } from "../datasets/dataset-definition.ts";

/**
 * Reads the task's examples, from its data set or from the files it names.
 *
 * @throws InputError `task.data` where neither is there, `task.empty` where a part has no example
 */
export async function readSplits(config: RunConfig, graph: () => Promise<Graph>, progress: Progress): Promise<Splits> {
  const { data, options } = required(config, "task");
  if (data !== undefined)
    return (data.definition as DatasetDefinition<unknown>).create(data.options, { graph, progress });
  const { train, validation, test, offsets } = options as TaskFileOptions;
  const at = `${config.file}: config.task`;
  if (train === undefined || test === undefined) {
    throw new InputError({
      code: "task.data",
      at,
      problem: "names no data",
      wanted: "Wanted data: {name}, or files under train: and test:",
    });
  }
  const read = async (path: string | undefined): Promise<readonly TextExample[]> => {
    if (path === undefined) return [];
    const examples = await collect(readExamples(path, { offsets, uniqueIds: true, progress }));
    if (examples.length > 0) return examples;
    throw new InputError({
      code: "task.empty",
      at: path,
      problem: "has no example",
      wanted: "Wanted one JSON object a line",
    });
  };
  return { train: await read(train), validation: await read(validation), test: await read(test) };
}
