import { type Draw, RunError } from "@kgraft/runtime";
import type { HostArray, HostBatch, TensorBatch, tf } from "@kgraft/tensor";
import type { Fusion } from "./contract.ts";
import type { PreparedText } from "./prepared-text.ts";

/** Names of the arrays that every task's batch has. */
export const batchArrays = {
  /** int32 [B, T] */
  inputIds: "inputIds",
  /** int32 [B, T] */
  typeIds: "typeIds",
  /** bool [B, T], true where a real piece stands. */
  attentionMask: "attentionMask",
  /** int32 [B, T], rows of the position table; put there by who counts otherwise than the family. */
  positionIds: "positionIds",
  /** bool [B, T, T], true where the query of the row may see the key of the column; put there by who hides pieces from others. */
  visible: "visible",
} as const;

/** Name of the array with the stored input of a layer, float32 [B, T, H]; put there by whoever stored it. */
export const hiddenArray = (layer: number): string => `hidden.${layer}`;

/**
 * Pads prepared examples to one batch: `inputIds`, `typeIds`, `attentionMask`, and what the strategy collates under its own names.
 *
 * @param length T; every example must fit
 * @param draw in pre-training: the stream of this batch's corruption
 * @throws RunError `fusion.batch.length` where an example is longer
 */
export function collateExamples(
  prepared: readonly PreparedText[],
  length: number,
  fusion: Fusion,
  draw?: Draw,
): HostBatch {
  const shape = { rows: prepared.length, length };
  for (const row of prepared) checkLength(row, length);
  const arrays = {
    [batchArrays.inputIds]: int32(shape.rows, length, (row, piece) => {
      const one = prepared[row] as PreparedText;
      return one.encoding.ids[piece] ?? one.padId;
    }),
    [batchArrays.typeIds]: int32(shape.rows, length, (row, piece) => prepared[row]?.encoding.typeIds[piece] ?? 0),
    [batchArrays.attentionMask]: mask(shape.rows, length, (row, piece) => piece < pieceCount(prepared[row])),
  };
  return {
    arrays: { ...arrays, ...fusion.collate?.(prepared, shape, draw) },
    ids: prepared.map((row) => row.example.id),
    tokens: prepared.reduce((sum, row) => sum + pieceCount(row), 0),
  };
}

/**
 * Reads a batch's tensor by name.
 *
 * @throws RunError `fusion.batch.missing`
 */
export function arrayOf(batch: TensorBatch, name: string): tf.Tensor {
  const tensor = batch[name];
  if (tensor !== undefined) return tensor;
  throw new RunError({
    code: "fusion.batch.missing",
    at: "fusion.batch",
    problem: `no array "${name}"`,
    wanted: `The batch has ${Object.keys(batch).sort().join(", ") || "nothing"}`,
    fix: "Make batches with collateExamples and add the strategy's constants",
  });
}

function checkLength(row: PreparedText, length: number): void {
  if (pieceCount(row) <= length) return;
  throw new RunError({
    code: "fusion.batch.length",
    at: "fusion.collateExamples",
    problem: `example "${row.example.id}" has ${pieceCount(row)} pieces, the batch is ${length} long`,
    wanted: "Every example must fit its batch",
  });
}

const pieceCount = (row: PreparedText | undefined): number => row?.encoding.ids.length ?? 0;

type Cell<Value> = (row: number, column: number) => Value;

/** An int32 array of two axes, filled cell by cell. */
function int32(rows: number, columns: number, cell: Cell<number>): HostArray {
  const data = new Int32Array(rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = cell(Math.floor(i / columns), i % columns);
  return { dtype: "int32", shape: [rows, columns], data };
}

/** A bool array of two axes, filled cell by cell. */
function mask(rows: number, columns: number, cell: Cell<boolean>): HostArray {
  const data = new Uint8Array(rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = cell(Math.floor(i / columns), i % columns) ? 1 : 0;
  return { dtype: "bool", shape: [rows, columns], data };
}
