import type { Draw } from "@kgraft/runtime";
import { piecesOf, type TextExample, type Tokenizer } from "@kgraft/text";
import type { Fusion, PreparedExample } from "./contract.ts";

/** A text example as one strategy reads it. */
export interface PreparedText extends PreparedExample<unknown> {
  /** The example the pieces were made from: the rewritten one where the strategy rewrites. */
  readonly example: TextExample;
  /** Pieces of `example.target`, ascending; undefined without a target, empty where the length limit cut it off. */
  readonly targetPieces: readonly number[] | undefined;
  /** The id that fills a row behind the last piece. */
  readonly padId: number;
}

/** A prepared corpus and what happened to its mentions, by name. */
export interface PreparedCorpus {
  readonly prepared: readonly PreparedText[];
  readonly counts: Readonly<Record<string, number>>;
}

/** What {@link prepareExamples} takes. */
export interface PrepareOptions {
  readonly tokenizer: Tokenizer;
  /** Most pieces, special tokens included. */
  readonly maxLength: number;
  readonly fusion: Fusion;
  /** Pre-training only: the stream of an example's rewriting, by its place in the corpus. */
  readonly drawFor?: ((index: number) => Draw) | undefined;
}

/** Tokenises examples and lets the strategy add its knowledge; no caller needs to know which strategy it is. */
export async function prepareExamples(
  examples: readonly TextExample[],
  options: PrepareOptions,
): Promise<PreparedCorpus> {
  const prepared: PreparedText[] = [];
  const counts: Record<string, number> = {};
  for (const [index, example] of examples.entries()) {
    const one = await prepareExample(example, options, options.drawFor?.(index));
    for (const [name, count] of Object.entries(one.counts ?? {})) counts[name] = (counts[name] ?? 0) + count;
    prepared.push(one);
  }
  return { prepared, counts };
}

async function prepareExample(
  original: TextExample,
  { tokenizer, maxLength, fusion }: PrepareOptions,
  draw: Draw | undefined,
): Promise<PreparedText> {
  const rewritten = draw && (await fusion.rewrite?.(original, draw));
  const { example } = rewritten ?? { example: original };
  const plain = tokenizer.encode(example.text, example.pair, { maxLength });
  const own: PreparedExample<unknown> = (await fusion.prepare?.(example, plain, maxLength)) ?? {
    encoding: plain,
    knowledge: undefined,
  };
  const targetPieces = example.target && piecesOf(own.encoding, example.target);
  const counts = { ...rewritten?.counts, ...own.counts };
  return { ...own, counts, example, targetPieces, padId: tokenizer.special.pad ?? 0 };
}
