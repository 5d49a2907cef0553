import { isWhitespace } from "./character-classes.ts";
import type { PieceBuffer } from "./piece-buffer.ts";

/** The sign of a space in byte-level pieces. */
const spaceSign = 0x120;

/**
 * Leaves the white space at the ends of byte-level pieces out of their offsets.
 *
 * @param pieceOf the characters of a piece; undefined for an added token, which stands in the text as it is
 * @source Rust `tokenizers` 0.23.2, pre_tokenizers/byte_level.rs, `process_offsets`: with a prefix space, one leading
 * space of a piece at the very start stays counted, since it is not in the text
 */
export function trimOffsets(
  pieces: PieceBuffer,
  text: string,
  pieceOf: (id: number) => string | undefined,
  { addPrefixSpace }: { readonly addPrefixSpace: boolean },
): void {
  const { values } = pieces;
  for (let i = 0; i < pieces.length; i++) {
    const [id, start, end] = [values[4 * i] as number, values[4 * i + 1] as number, values[4 * i + 2] as number];
    const piece = pieceOf(id) ?? text.slice(start, end);
    const leading = leadingSpaces(piece);
    const keepsPrefix = addPrefixSpace && leading === 1 && (i === 0 || start === 0);
    const trimmedStart = keepsPrefix ? start : Math.min(forward(text, start, leading), end);
    values[4 * i + 1] = trimmedStart;
    values[4 * i + 2] = Math.max(back(text, end, trailingSpaces(piece)), trimmedStart);
  }
}

function isSpace(unit: number): boolean {
  return unit === spaceSign || isWhitespace(unit);
}

function leadingSpaces(piece: string): number {
  let count = 0;
  while (count < piece.length && isSpace(piece.charCodeAt(count))) count++;
  return count;
}

function trailingSpaces(piece: string): number {
  let count = 0;
  while (count < piece.length && isSpace(piece.charCodeAt(piece.length - 1 - count))) count++;
  return count;
}

/** Moves by whole characters. */
function forward(text: string, from: number, characters: number): number {
  let at = from;
  for (let i = 0; i < characters && at < text.length; i++) at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
  return at;
}

function back(text: string, from: number, characters: number): number {
  let at = from;
  for (let i = 0; i < characters && at > 0; i++) at -= isPairBefore(text, at) ? 2 : 1;
  return at;
}

function isPairBefore(text: string, at: number): boolean {
  return at >= 2 && (text.codePointAt(at - 2) as number) > 0xffff;
}
