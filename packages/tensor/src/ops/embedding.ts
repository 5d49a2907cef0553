import * as tf from "@tensorflow/tfjs-core";
import { segmentSum } from "../backend/segment-sum.ts";
import { differentiable } from "./differentiable.ts";
import { checkShape } from "./shape-check.ts";

/**
 * Looks up rows of a table.
 *
 * @param table float32 [V, E]
 * @param ids   int32 [...], in [0, V)
 * @returns float32 [..., E]
 * @throws RunError `tensor.shape` where the table is no matrix or the ids are no int32
 */
export function embedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  checkShape("embedding", "table", table, table.rank === 2, "[V, E]");
  checkShape("embedding", "ids", ids, ids.dtype === "int32", "int32 [...]");
  const [rows, width] = table.shape as [number, number];
  return differentiable(
    { table, ids },
    (save) => {
      save(ids);
      return tf.gather(table, ids);
    },
    (dy, [at]) => ({
      table: () =>
        segmentSum(tf.reshape(dy, [-1, width]) as tf.Tensor2D, tf.reshape(at as tf.Tensor, [-1]) as tf.Tensor1D, rows),
    }),
  );
}

/**
 * Gathers rows of a matrix, e.g. the hidden states of the masked positions.
 *
 * @param x    float32 [N, H]
 * @param rows int32 [K], in [0, N)
 * @returns float32 [K, H]
 */
export function gatherRows(x: tf.Tensor, rows: tf.Tensor): tf.Tensor {
  checkShape("gatherRows", "rows", rows, rows.rank === 1, "int32 [K]");
  return embedding(x, rows);
}
