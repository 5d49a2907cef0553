import { firstPosition } from "@kgraft/encoder";
import { batchArrays, type FusedEncoder, type PreparedText } from "@kgraft/fusion";
import type { Draw } from "@kgraft/runtime";
import type { HostBatch } from "@kgraft/tensor";
import { type PackedRow, packedArrays, packSequences } from "@kgraft/text";

/** Texts that share the rows of a batch. */
export interface PackedTexts {
  /** Indices of the texts, in the order in which they stand. */
  readonly indices: readonly number[];
  /** Where each stands; a sequence's index counts `indices`. */
  readonly rows: readonly PackedRow[];
}

/**
 * Lays texts out in batches of full rows.
 *
 * @param lengths pieces of each text
 * @param rowLength T
 */
export function packedBatches(
  lengths: ArrayLike<number>,
  { rowLength, rowsTogether, draw }: { readonly rowLength: number; readonly rowsTogether: number; readonly draw: Draw },
): readonly PackedTexts[] {
  const rows = packSequences(lengths, { rowLength, draw });
  return Array.from({ length: Math.ceil(rows.length / rowsTogether) }, (_, batch) =>
    together(rows.slice(batch * rowsTogether, (batch + 1) * rowsTogether)),
  );
}

function together(rows: readonly PackedRow[]): PackedTexts {
  let next = 0;
  return {
    indices: rows.flatMap((row) => row.map(({ index }) => index)),
    rows: rows.map((row) => row.map((sequence) => ({ ...sequence, index: next++ }))),
  };
}

/**
 * Makes the batch of texts that share rows: positions begin anew with each text, which sees itself alone.
 *
 * @returns `inputIds`, `typeIds` and `positionIds` int32 [B, T], `attentionMask` bool [B, T], `visible` bool [B, T, T]
 */
export function collatePacked(
  examples: readonly PreparedText[],
  rows: readonly PackedRow[],
  { rowLength, encoder }: { readonly rowLength: number; readonly encoder: FusedEncoder["encoder"] },
): HostBatch {
  const encodings = examples.map(({ encoding }) => encoding);
  const layout = { rowLength, padId: examples[0]?.padId ?? 0, firstPosition: firstPosition(encoder.config) };
  const { ids, typeIds, positionIds, segments } = packedArrays(rows, encodings, layout);
  const shape = [rows.length, rowLength];
  const int32 = (data: Int32Array) => ({ dtype: "int32" as const, shape, data });
  return {
    arrays: {
      [batchArrays.inputIds]: int32(ids),
      [batchArrays.typeIds]: int32(typeIds),
      [batchArrays.positionIds]: int32(positionIds),
      [batchArrays.attentionMask]: {
        dtype: "bool",
        shape,
        data: Uint8Array.from(segments, (one) => (one > 0 ? 1 : 0)),
      },
      [batchArrays.visible]: { dtype: "bool", shape: [...shape, rowLength], data: sameSegment(segments, rowLength) },
    },
    ids: examples.map(({ example }) => example.id),
    tokens: encodings.reduce((sum, encoding) => sum + encoding.ids.length, 0),
  };
}

/** Which pieces of each row stand in one segment, [B, T, T]. */
function sameSegment(segments: Int32Array, length: number): Uint8Array {
  const same = new Uint8Array(segments.length * length);
  for (let query = 0; query < segments.length; query++) {
    const row = query - (query % length);
    for (let key = 0; key < length; key++) if (segments[row + key] === segments[query]) same[query * length + key] = 1;
  }
  return same;
}
