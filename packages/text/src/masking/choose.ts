import type { Draw } from "@kgraft/runtime";
import type { PieceSpan } from "./units.ts";

const size = ({ first, last }: PieceSpan) => last - first;
const total = (units: readonly PieceSpan[]) => units.reduce((sum, unit) => sum + size(unit), 0);

/** Units in random order that fit into the rounded share of the pieces, at least one piece; ascending. */
export function chooseExactly(units: readonly PieceSpan[], rate: number, draw: Draw): PieceSpan[] {
  const pieces = total(units);
  let room = pieces === 0 ? 0 : Math.max(1, Math.round(rate * pieces));
  const chosen: PieceSpan[] = [];
  for (const i of draw.permutation(units.length)) {
    const unit = units[i] as PieceSpan;
    if (size(unit) > room) continue;
    room -= size(unit);
    chosen.push(unit);
  }
  return chosen.sort((a, b) => a.first - b.first);
}

/** Lengths of spans in words: geometric, cut and normalised again. */
export interface SpanLengths {
  /** Chance that a span ends after each word. Default 0.2. */
  readonly endChance?: number;
  /** Most words. Default 10. */
  readonly longest?: number;
}

/** Draws a number of words. */
export function spanLength(draw: Draw, { endChance = 0.2, longest = 10 }: SpanLengths = {}): number {
  const within = 1 - (1 - endChance) ** longest;
  return Math.min(longest, 1 + Math.floor(Math.log1p(-draw.uniform() * within) / Math.log1p(-endChance)));
}

/**
 * Covers the share of the pieces, rounded up, by spans of whole words at random places; the last may end inside a word
 * where the share is used up. Spans that touch or overlap are one; none crosses what is not maskable.
 *
 * @param words in order
 * @returns ascending, apart from each other
 * @source Joshi et al., TACL 2020, section 3.1, and SpanBERT's code, PairWithSpanMaskingScheme
 */
export function chooseSpans(words: readonly PieceSpan[], rate: number, draw: Draw, lengths?: SpanLengths): PieceSpan[] {
  const owner = words.flatMap((word, index) => Array.from({ length: size(word) }, () => index)); // word of each piece
  const chosen = new Set<number>();
  const budget = Math.ceil(rate * owner.length);
  const cover = ({ first, last }: PieceSpan) => {
    for (let i = first; i < last && chosen.size < budget; i++) chosen.add(i);
  };
  while (chosen.size < budget) {
    const length = spanLength(draw, lengths);
    const anchor = draw.integer(owner.length);
    const from = owner[anchor] as number;
    const word = words[from] as PieceSpan;
    if (chosen.has(word.first + anchor - owner.indexOf(from))) continue;
    cover(word);
    for (let i = from + 1; i < from + length && words[i]?.first === words[i - 1]?.last; i++)
      cover(words[i] as PieceSpan);
  }
  return runs([...chosen].sort((a, b) => a - b));
}

function runs(pieces: readonly number[]): PieceSpan[] {
  const spans: PieceSpan[] = [];
  for (const i of pieces) {
    const open = spans.at(-1);
    if (open?.last === i) spans[spans.length - 1] = { first: open.first, last: i + 1 };
    else spans.push({ first: i, last: i + 1 });
  }
  return spans;
}
