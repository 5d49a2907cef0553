import type { Encoding } from "./encoding.ts";
import type { TextSpan } from "./example.ts";

/** Half-open range of pieces of an encoding. */
export interface PieceSpan {
  readonly first: number;
  readonly last: number;
}

/**
 * Finds the pieces that overlap a span of text: from the first to the last of them.
 *
 * @param span UTF-16 units of the text of `sequence`
 * @returns `[first, last)`, or undefined where the span was cut off or no piece covers it (white space)
 */
export function piecesOf(encoding: Encoding, span: TextSpan, sequence: 0 | 1 = 0): PieceSpan | undefined {
  const { starts, ends, sequenceIds } = encoding;
  let first = -1;
  let last = -1;
  for (let i = 0; i < sequenceIds.length; i++) {
    if (sequenceIds[i] !== sequence) continue;
    if ((starts[i] as number) >= span.end || (ends[i] as number) <= span.start) continue;
    if (first < 0) first = i;
    last = i + 1;
  }
  return first < 0 ? undefined : { first, last };
}
