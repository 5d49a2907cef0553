import type { Encoding } from "./encoding.ts";
import type { TextSpan } from "./example.ts";

/**
 * Finds the pieces that a span of text touches, ascending. Pieces that are not from the text, such as those that a strategy
 * puts in between, neither count nor shift anything.
 *
 * @param span UTF-16 units of the text of `sequence`
 * @returns indices into the encoding; empty where the span was cut off or no piece covers it (white space)
 */
export function piecesOf({ starts, ends, sequenceIds }: Encoding, span: TextSpan, sequence: 0 | 1 = 0): number[] {
  const pieces: number[] = [];
  for (let i = 0; i < sequenceIds.length; i++)
    if (sequenceIds[i] === sequence && (starts[i] as number) < span.end && (ends[i] as number) > span.start)
      pieces.push(i);
  return pieces;
}
