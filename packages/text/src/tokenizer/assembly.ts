import type { Encoding } from "../encoding.ts";
import type { TemplateItem } from "./components.ts";
import type { PieceBuffer } from "./piece-buffer.ts";

/** Lays the kept pieces of the sequences and the special tokens side by side. */
export function assemble(
  items: readonly TemplateItem[],
  pieces: readonly PieceBuffer[],
  kept: readonly number[],
  pieceOf: readonly string[],
): Encoding {
  const lengthOf = (item: TemplateItem) => (item.kind === "special" ? item.ids.length : (kept[item.sequence] ?? 0));
  const length = items.reduce((sum, item) => sum + lengthOf(item), 0);
  const encoding = {
    ids: new Int32Array(length),
    tokens: new Array<string>(length),
    typeIds: new Int32Array(length),
    starts: new Int32Array(length),
    ends: new Int32Array(length),
    wordIds: new Int32Array(length).fill(-1),
    sequenceIds: new Int8Array(length).fill(-1),
    truncated: pieces.reduce((sum, buffer, i) => sum + buffer.length - (kept[i] as number), 0),
  };
  let at = 0;
  for (const item of items) {
    const count = lengthOf(item);
    encoding.typeIds.fill(item.typeId, at, at + count);
    if (item.kind === "special") encoding.ids.set(item.ids, at);
    else copyPieces(encoding, pieces[item.sequence], item.sequence, at, count);
    at += count;
  }
  for (let i = 0; i < length; i++) encoding.tokens[i] = pieceOf[encoding.ids[i] as number] ?? "";
  return encoding;
}

function copyPieces(into: Encoding, buffer: PieceBuffer | undefined, sequence: 0 | 1, at: number, count: number): void {
  if (buffer === undefined) return;
  const { values } = buffer;
  for (let i = 0, from = 0; i < count; i++, from += 4) {
    into.ids[at + i] = values[from] as number;
    into.starts[at + i] = values[from + 1] as number;
    into.ends[at + i] = values[from + 2] as number;
    into.wordIds[at + i] = values[from + 3] as number;
  }
  into.sequenceIds.fill(sequence, at, at + count);
}
