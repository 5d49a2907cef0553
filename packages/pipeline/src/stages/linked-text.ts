import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import type { SharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { CorpusDefinition } from "../corpora/corpus-definition.ts";
import { choiceIdentity } from "../fingerprint.ts";
import { graphIdentity } from "../graph-identity.ts";
import type { StageResult } from "../stage-store.ts";
import { type LinkCounts, readLinked, writeLinked } from "./link-text.ts";

const parts = ["train", "validation", "test"] as const;

/** All text of a run with its mentions. */
export interface LinkedText {
  readonly splits: Splits | undefined;
  /** File with the corpus; see {@link openLinkedCorpus}. */
  readonly corpus: string | undefined;
  /** Absent where there was nothing to link and no corpus. */
  readonly stage: StageResult | undefined;
}

/**
 * Links the task's examples and the corpus, once for all arms and seeds; without a linker text keeps the mentions that it
 * brings. The corpus leaves out the texts of the validation and test parts.
 */
export async function linkedText(shared: SharedWork): Promise<LinkedText> {
  const { config, stages } = shared;
  if (config.linker === undefined && config.corpus === undefined)
    return { splits: config.task && (await shared.splits()), corpus: undefined, stage: undefined };
  const stage = await stages.stage("link", await linkIdentity(shared), async (folder) => {
    const linker = config.linker && (await shared.linker());
    const splits = config.task === undefined ? undefined : await shared.splits();
    const label = (part: string): string => (linker === undefined ? `Reading ${part}` : `Linking ${part}`);
    const write = (part: string, examples: Parameters<typeof writeLinked>[1]): Promise<LinkCounts> =>
      writeLinked(join(folder, `${part}.jsonl`), examples, { shared, linker, label: label(part) });
    const counts: LinkCounts[] = [];
    for (const part of splits === undefined ? [] : parts) counts.push(await write(part, (splits as Splits)[part]));
    if (config.corpus !== undefined) counts.push(notEmpty(config, await write("corpus", corpusOf(shared, splits))));
    assertMentions(config, counts);
  });
  const read = (part: string): Promise<readonly TextExample[]> => readLinked(stage.folder, part);
  return {
    splits: config.task && {
      train: await read("train"),
      validation: await read("validation"),
      test: await read("test"),
    },
    corpus: config.corpus && join(stage.folder, "corpus.jsonl"),
    stage,
  };
}

function corpusOf(
  { config, graph, linker, progress }: SharedWork,
  splits: Splits | undefined,
): AsyncIterable<TextExample> {
  const { definition, options } = config.corpus as NonNullable<typeof config.corpus>;
  const leaveOut = splits === undefined ? [] : [...splits.validation, ...splits.test];
  return (definition as CorpusDefinition<unknown>).create(options, { graph, linker, leaveOut, progress });
}

function notEmpty({ file, corpus, task }: RunConfig, counts: LinkCounts): LinkCounts {
  if (counts.texts > 0) return counts;
  throw new InputError({
    code: "corpus.empty",
    at: `${file}: config.corpus`,
    problem: `the corpus "${corpus?.name}" has no text${task === undefined ? "" : " beside those that the task is scored on"}`,
    wanted: "Wanted text to train on",
  });
}

/** Knowledge enters through mentions: without any, every strategy would be the plain encoder. */
function assertMentions({ file, linker }: RunConfig, counts: readonly LinkCounts[]): void {
  if (linker === undefined) return;
  const texts = counts.reduce((sum, one) => sum + one.texts, 0);
  if (texts === 0 || counts.some(({ mentions }) => mentions > 0)) return;
  throw new InputError({
    code: "link.none",
    at: `${file}: config.linker`,
    problem: `"${linker.name}" finds no mention in ${texts} ${texts === 1 ? "text" : "texts"}`,
    wanted: "Wanted at least one: knowledge enters the text through mentions",
    fix: "Check that graph and text are in one language, the graph's labels and aliases, and minScore",
  });
}

async function linkIdentity(shared: SharedWork): Promise<unknown> {
  const { linker, corpus, task } = shared.config;
  const identity = async (choice: Parameters<typeof choiceIdentity>[0] | undefined): Promise<unknown> =>
    choice && choiceIdentity(choice);
  return {
    graph: await graphIdentity(shared),
    linker: await identity(linker),
    corpus: await identity(corpus),
    examples: (await identity(task?.data)) ?? (await identity(task)),
  };
}
