import { join } from "node:path";
import type { Splits } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import type { SharedWork } from "../composition.ts";
import type { CorpusDefinition } from "../corpora/corpus-definition.ts";
import { choiceIdentity } from "../fingerprint.ts";
import type { StageResult } from "../stage-store.ts";
import { readLinked, writeLinked } from "./link-text.ts";

const parts = ["train", "validation", "test"] as const;

/** All text of a run with its mentions. */
export interface LinkedText {
  readonly splits: Splits | undefined;
  readonly corpus: readonly TextExample[] | undefined;
  readonly stage: StageResult | undefined;
}

/**
 * Links the task's examples and the corpus, once for all arms and seeds; without a linker text stays as it was read. The
 * corpus leaves out the texts of the validation and test parts.
 */
export async function linkedText(shared: SharedWork): Promise<LinkedText> {
  const { config, stages } = shared;
  if (config.linker === undefined) {
    const splits = config.task === undefined ? undefined : await shared.splits();
    return { splits, corpus: config.corpus && (await collect(openCorpus(shared, splits))), stage: undefined };
  }
  const stage = await stages.stage("link", await linkIdentity(shared), async (folder) => {
    const linker = await shared.linker();
    const splits = config.task === undefined ? undefined : await shared.splits();
    for (const part of parts)
      if (splits !== undefined) await writeLinked(join(folder, `${part}.jsonl`), splits[part], linker, shared.progress);
    if (config.corpus !== undefined)
      await writeLinked(join(folder, "corpus.jsonl"), openCorpus(shared, splits), linker, shared.progress);
  });
  const read = (part: string): Promise<readonly TextExample[]> => readLinked(stage.folder, part);
  return {
    splits: config.task && {
      train: await read("train"),
      validation: await read("validation"),
      test: await read("test"),
    },
    corpus: config.corpus && (await read("corpus")),
    stage,
  };
}

function openCorpus({ config, graph, progress }: SharedWork, splits: Splits | undefined): AsyncIterable<TextExample> {
  const { definition, options } = config.corpus as NonNullable<typeof config.corpus>;
  const leaveOut = splits === undefined ? [] : [...splits.validation, ...splits.test];
  return (definition as CorpusDefinition<unknown>).create(options, { graph, leaveOut, progress });
}

async function linkIdentity({ config: { graph, linker, corpus, task } }: SharedWork): Promise<unknown> {
  const identity = async (choice: Parameters<typeof choiceIdentity>[0] | undefined): Promise<unknown> =>
    choice && choiceIdentity(choice);
  return {
    graph: await identity(graph),
    linker: await identity(linker),
    corpus: await identity(corpus),
    examples: (await identity(task?.data)) ?? (await identity(task)),
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
