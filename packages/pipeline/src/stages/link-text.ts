import { join } from "node:path";
import type { Linker } from "@kgraft/entity-linking";
import { collect, writeLinesAtomic } from "@kgraft/runtime";
import { exampleLine, type Mention, readExamples, type TextExample } from "@kgraft/text";
import type { SharedWork } from "../composition.ts";
import { untilStopped } from "../stopped.ts";

/** What linking found in a body of text. */
export interface LinkCounts {
  readonly texts: number;
  readonly mentions: number;
  readonly withoutMention: number;
}

/**
 * Links every text and gives each back with its mentions; a text that brings mentions of its own keeps them, and without a
 * linker all keep what they bring. Targets and labels pass through: the linker is given the text alone.
 */
async function* linkExamples(
  examples: Iterable<TextExample> | AsyncIterable<TextExample>,
  linker: Linker | undefined,
  counts: Record<keyof LinkCounts, number>,
): AsyncGenerator<TextExample> {
  for await (const example of examples) {
    const linked = linker === undefined ? example : await withMentions(example, linker);
    const { mentions = [] } = linked;
    counts.texts++;
    counts.mentions += mentions.length;
    if (mentions.length === 0) counts.withoutMention++;
    yield linked;
  }
}

/** A text with its mentions: its own, where it brings some, else those that the linker finds. */
export async function withMentions(
  example: TextExample,
  linker: Linker,
): Promise<TextExample & { readonly mentions: readonly Mention[] }> {
  return { ...example, mentions: example.mentions ?? (await linker.link(example.text)) };
}

/** Counts before anything was linked. */
function noCounts(): Record<keyof LinkCounts, number> {
  return { texts: 0, mentions: 0, withoutMention: 0 };
}

/** Links texts into a JSON Lines file, streamed. */
export async function writeLinked(
  path: string,
  examples: Iterable<TextExample> | AsyncIterable<TextExample>,
  {
    shared,
    linker,
    label,
  }: { readonly shared: SharedWork; readonly linker: Linker | undefined; readonly label: string },
): Promise<LinkCounts> {
  const counts = noCounts();
  const bar = shared.progress.bar(label, 0);
  async function* lines(): AsyncGenerator<string> {
    for await (const example of linkExamples(untilStopped(examples, shared.signal), linker, counts)) {
      if (counts.texts % 500 === 0) bar.update(counts.texts, `${counts.mentions} mentions`);
      yield exampleLine(example);
    }
  }
  await writeLinesAtomic(path, lines());
  bar.end(`${counts.texts} texts, ${counts.mentions} mentions`);
  return counts;
}

/** Reads what {@link writeLinked} wrote. */
export function readLinked(folder: string, part: string): Promise<readonly TextExample[]> {
  return collect(readExamples(join(folder, `${part}.jsonl`)));
}
