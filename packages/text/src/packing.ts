import { type Draw, InputError } from "@kgraft/runtime";
import type { Encoding } from "./encoding.ts";

/** Where one sequence lies in a row. */
export interface PackedSequence {
  /** Index into the lengths. */
  readonly index: number;
  /** Its first piece's column. */
  readonly start: number;
  readonly length: number;
}

/** Sequences side by side in one row, in the order of their columns. */
export type PackedRow = readonly PackedSequence[];

/** How {@link packSequences} fills rows. */
export interface PackingOptions {
  /** Pieces of a row. */
  readonly rowLength: number;
  /** Shuffles rows and which of equally long sequences go together; absent: by length, then index. */
  readonly draw?: Draw | undefined;
}

/**
 * Packs sequences into rows of one length: longest first, each into the row with the least room that holds it. A pure
 * function of the lengths and the draw; over a stream, call it for one window of sequences after another.
 *
 * @param lengths pieces of each sequence, special tokens included; empty ones are left out
 * @throws InputError `text.packing.length` where a sequence is longer than a row
 * @source Krell et al., 2021 (arXiv 2107.02027), best fit instead of their shortest-pack-first
 */
export function packSequences(lengths: ArrayLike<number>, { rowLength, draw }: PackingOptions): PackedRow[] {
  const order = draw ? [...draw.permutation(lengths.length)] : Array.from({ length: lengths.length }, (_, i) => i);
  const lengthOf = (index: number) => lengths[index] as number;
  const rows: PackedSequence[][] = [];
  const withRoom: number[][] = Array.from({ length: rowLength + 1 }, () => []); // rows by how many pieces still fit
  for (const index of order.sort((a, b) => lengthOf(b) - lengthOf(a))) {
    const length = lengthOf(index);
    if (length === 0) continue;
    if (!(length <= rowLength)) throw tooLong(index, length, rowLength);
    let room = length;
    while (room < rowLength && withRoom[room]?.length === 0) room++;
    const row = room === rowLength ? rows.push([]) - 1 : (withRoom[room]?.shift() as number);
    rows[row]?.push({ index, start: rowLength - room, length });
    withRoom[room - length]?.push(row);
  }
  return draw ? Array.from(draw.permutation(rows.length), (row) => rows[row] as PackedSequence[]) : rows;
}

function tooLong(index: number, length: number, rowLength: number): InputError {
  return new InputError({
    code: "text.packing.length",
    at: "text.packSequences",
    problem: `sequence ${index} has ${length} pieces, a row ${rowLength}`,
    wanted: "Wanted sequences that fit into a row",
    fix: "Cut texts with encode's maxLength",
  });
}

/** The arrays of packed rows, each [B, T] in one buffer. */
export interface PackedArrays {
  readonly ids: Int32Array;
  readonly typeIds: Int32Array;
  /** Restarted with each sequence. */
  readonly positionIds: Int32Array;
  /** From 1 on within a row, 0 for padding: a piece may see those of its own number. */
  readonly segments: Int32Array;
}

/** What {@link packedArrays} lays padding and positions out by. */
export interface PackedLayout {
  readonly rowLength: number;
  readonly padId: number;
  /** Position of a sequence's first piece: 0, or what the family of the model counts from. */
  readonly firstPosition: number;
}

/**
 * Lays packed sequences out as rows.
 *
 * @param encodings by the indices that were packed
 */
export function packedArrays(
  rows: readonly PackedRow[],
  encodings: ArrayLike<Pick<Encoding, "ids" | "typeIds">>,
  { rowLength, padId, firstPosition }: PackedLayout,
): PackedArrays {
  const size = rows.length * rowLength;
  const arrays = {
    ids: new Int32Array(size).fill(padId),
    typeIds: new Int32Array(size),
    positionIds: new Int32Array(size).fill(firstPosition),
    segments: new Int32Array(size),
  };
  for (const [row, sequences] of rows.entries())
    for (const [place, { index, start, length }] of sequences.entries()) {
      const at = row * rowLength + start;
      const { ids, typeIds } = encodings[index] as Encoding;
      arrays.ids.set(ids, at);
      arrays.typeIds.set(typeIds, at);
      for (let i = 0; i < length; i++) arrays.positionIds[at + i] = firstPosition + i;
      arrays.segments.fill(place + 1, at, at + length);
    }
  return arrays;
}
