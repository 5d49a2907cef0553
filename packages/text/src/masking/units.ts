import type { Encoding, Tokenizer } from "../encoding.ts";
import type { TextSpan } from "../example.ts";
import { piecesOf } from "../spans.ts";

/** Half-open range of pieces. */
export interface PieceSpan {
  readonly first: number;
  readonly last: number;
}

/** Whether a piece is from the text and no special token. */
function isMaskable(encoding: Encoding, tokenizer: Tokenizer, i: number): boolean {
  return (encoding.sequenceIds[i] as number) >= 0 && !tokenizer.specialIds.has(encoding.ids[i] as number);
}

/** Every piece that may be masked by itself. */
export function pieceUnits(encoding: Encoding, tokenizer: Tokenizer): PieceSpan[] {
  const units: PieceSpan[] = [];
  for (let i = 0; i < encoding.ids.length; i++)
    if (isMaskable(encoding, tokenizer, i)) units.push({ first: i, last: i + 1 });
  return units;
}

/** Runs of pieces that touch each other in the text: what white space separates. */
export function wordUnits(encoding: Encoding, tokenizer: Tokenizer): PieceSpan[] {
  const units: { first: number; last: number }[] = [];
  for (let i = 0; i < encoding.ids.length; i++) {
    if (!isMaskable(encoding, tokenizer, i)) continue;
    const open = units.at(-1);
    if (open?.last === i && touches(encoding, i)) open.last = i + 1;
    else units.push({ first: i, last: i + 1 });
  }
  return units;
}

/** Mentions of the first sequence as units, and the words outside them. A mention that was cut off is none. */
export function entityUnits(encoding: Encoding, tokenizer: Tokenizer, mentions: readonly TextSpan[]): PieceSpan[] {
  const taken = new Set<number>();
  const units: PieceSpan[] = [];
  for (const mention of mentions) {
    const pieces = piecesOf(encoding, mention).filter((i) => isMaskable(encoding, tokenizer, i));
    const [first, last] = [pieces[0], pieces.at(-1)];
    if (first === undefined || last === undefined || last - first + 1 !== pieces.length) continue;
    if (pieces.some((i) => taken.has(i))) continue;
    for (const i of pieces) taken.add(i);
    units.push({ first, last: last + 1 });
  }
  for (const word of wordUnits(encoding, tokenizer)) units.push(...outside(word, taken));
  return units.sort((a, b) => a.first - b.first);
}

/** What is left of a word beside mentions. */
function outside({ first, last }: PieceSpan, taken: ReadonlySet<number>): PieceSpan[] {
  const left: PieceSpan[] = [];
  for (let i = first; i < last; i++) {
    if (taken.has(i)) continue;
    const open = left.at(-1);
    if (open?.last === i) left[left.length - 1] = { first: open.first, last: i + 1 };
    else left.push({ first: i, last: i + 1 });
  }
  return left;
}

/** First characters of pieces that begin a word in byte-level and SentencePiece vocabularies, whose offsets may cover the space. */
const wordStart = /^[Ġ▁]/;

function touches(encoding: Encoding, i: number): boolean {
  return (
    encoding.sequenceIds[i] === encoding.sequenceIds[i - 1] &&
    (encoding.starts[i] as number) <= (encoding.ends[i - 1] as number) &&
    !wordStart.test(encoding.tokens[i] as string)
  );
}
