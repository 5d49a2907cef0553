import { stat } from "node:fs/promises";
import { collect } from "@kgraft/runtime";
import type { TextSource } from "@kgraft/tasks";
import { type Corpus, openCorpus, readExamples, type TextExample } from "@kgraft/text";

/** Bytes of the largest file that is held in memory, where examples are prepared only once. */
const heldBytes = 32 << 20;

/** The text of pre-training with its mentions, by number: in memory where it is small, else read from its file. */
export interface LinkedCorpus {
  readonly source: TextSource;
  /** Gives the file back. */
  close(): Promise<void>;
}

/**
 * Opens the corpus that linking wrote.
 *
 * @param change made to each example as it is read; absent: none
 * @param held bytes of the largest file that is held in memory
 */
export async function openLinkedCorpus(
  path: string,
  change: (example: TextExample) => TextExample = (example) => example,
  held = heldBytes,
): Promise<LinkedCorpus> {
  if ((await stat(path)).size <= held) {
    const examples = await collect(readExamples(path));
    return { source: examples.map(change), close: async () => undefined };
  }
  const corpus = await openCorpus([path], { format: "examples" });
  return { source: sourceOf(corpus, change), close: () => corpus.close() };
}

function sourceOf(corpus: Corpus, change: (example: TextExample) => TextExample): TextSource {
  return { length: corpus.length, at: async (index) => change((await corpus.at(index)).example) };
}

/** The examples of a source one after another. */
export async function* examplesOf(source: TextSource): AsyncGenerator<TextExample> {
  for (let index = 0; index < source.length; index++) yield (await source.at(index)) as TextExample;
}
