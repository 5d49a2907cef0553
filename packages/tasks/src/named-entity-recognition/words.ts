import type { Encoding, LabelledSpan } from "@kgraft/text";

/** A word of a text as the tokenizer cuts it: its first piece, and where it stands in the text. */
export interface Word {
  readonly piece: number;
  readonly start: number;
  readonly end: number;
}

/** Lists the words of the first sequence; pieces that a strategy put in belong to none. */
export function wordsOf({ sequenceIds, wordIds, starts, ends }: Encoding): readonly Word[] {
  const words: { piece: number; start: number; end: number }[] = [];
  let last = -1;
  for (const [piece, sequence] of sequenceIds.entries()) {
    if (sequence !== 0) continue;
    const [word, start, end] = [wordIds[piece] as number, starts[piece] as number, ends[piece] as number];
    const open = words.at(-1);
    if (open !== undefined && word === last) open.end = Math.max(open.end, end);
    else words.push({ piece, start, end });
    last = word;
  }
  return words;
}

/** The tags of a list of types: 0 is outside, 2k + 1 begins the k-th type, 2k + 2 goes on with it. */
export const tagCount = (types: number): number => 1 + 2 * types;

/** Tags words by the spans that they touch; a type without a number is outside. */
export function tagsOf(
  words: readonly Word[],
  spans: readonly LabelledSpan[],
  number: ReadonlyMap<string, number>,
): readonly number[] {
  let last: LabelledSpan | undefined;
  return words.map(({ start, end }) => {
    const span = spans.find((one) => one.start < end && one.end > start);
    const type = span === undefined ? undefined : number.get(span.label);
    const first = span !== last;
    last = span;
    return type === undefined ? 0 : 2 * type + (first ? 1 : 2);
  });
}

/**
 * Reads spans from tags: a beginning opens one, a continuation of its type lengthens it. A continuation that follows
 * nothing of its type opens one too.
 *
 * @source seqeval's default, which is conlleval's
 */
export function spansOf(words: readonly Word[], tags: readonly number[], types: readonly string[]): LabelledSpan[] {
  const spans: { start: number; end: number; label: string }[] = [];
  let open: number | undefined;
  for (const [i, tag] of tags.entries()) {
    const { start, end } = words[i] as Word;
    const type = tag === 0 ? undefined : Math.floor((tag - 1) / 2);
    const goesOn = type !== undefined && type === open && tag % 2 === 0;
    if (goesOn) (spans.at(-1) as { end: number }).end = end;
    else if (type !== undefined) spans.push({ start, end, label: types[type] as string });
    open = type;
  }
  return spans;
}
