import type { TextExample } from "@kgraft/text";
import type { CorpusNeeds } from "./corpus-definition.ts";

/** The examples whose text is none of those that training must not read. */
export async function* withoutTexts(
  leaveOut: CorpusNeeds["leaveOut"],
  examples: Iterable<TextExample> | AsyncIterable<TextExample>,
): AsyncGenerator<TextExample> {
  const left = new Set(leaveOut.map(({ text }) => text));
  for await (const example of examples) if (!left.has(example.text)) yield example;
}
