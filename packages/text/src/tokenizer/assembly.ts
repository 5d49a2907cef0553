import type { Encoding } from "../encoding.ts";
import type { TemplateItem } from "./components.ts";
import type { PieceBuffer } from "./piece-buffer.ts";

/** Half-open range of the pieces of a sequence. */
export interface PieceRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Lays the kept pieces of the sequences and the special tokens side by side.
 *
 * @param truncated pieces that were cut off
 */
export function assemble(
  items: readonly TemplateItem[],
  pieces: readonly PieceBuffer[],
  kept: readonly PieceRange[],
  pieceOf: readonly string[],
  truncated: number,
): Encoding {
  const rangeOf = (sequence: 0 | 1): PieceRange => kept[sequence] ?? { from: 0, to: 0 };
  const lengthOf = (item: TemplateItem) =>
    item.kind === "special" ? item.ids.length : rangeOf(item.sequence).to - rangeOf(item.sequence).from;
  const length = items.reduce((sum, item) => sum + lengthOf(item), 0);
  const encoding = {
    ids: new Int32Array(length),
    tokens: new Array<string>(length),
    typeIds: new Int32Array(length),
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    wordIds: new Int32Array(length).fill(-1),
    sequenceIds: new Int8Array(length).fill(-1),
    truncated,
  };
  let at = 0;
  for (const item of items) {
    const count = lengthOf(item);
    encoding.typeIds.fill(item.typeId, at, at + count);
    if (item.kind === "special") encoding.ids.set(item.ids, at);
    else copyPieces(encoding, pieces[item.sequence], item.sequence, at, rangeOf(item.sequence));
    at += count;
  }
  for (let i = 0; i < length; i++) encoding.tokens[i] = pieceOf[encoding.ids[i] as number] ?? "";
  return encoding;
}

function copyPieces(
  into: Encoding,
  buffer: PieceBuffer | undefined,
  sequence: 0 | 1,
  at: number,
  { from, to }: PieceRange,
): void {
  if (buffer === undefined) return;
  const { values } = buffer;
  const count = to - from;
  for (let i = 0, place = 4 * from; i < count; i++, place += 4) {
    into.ids[at + i] = values[place] as number;
    into.starts[at + i] = values[place + 1] as number;
    into.ends[at + i] = values[place + 2] as number;
    into.wordIds[at + i] = values[place + 3] as number;
  }
  into.sequenceIds.fill(sequence, at, at + count);
}
