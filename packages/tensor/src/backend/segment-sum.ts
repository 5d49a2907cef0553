import * as tf from "@tensorflow/tfjs-core";

/**
 * Sums rows that share an id; the sum of an id that no row has is zero.
 *
 * @param rows float32 [N, E]
 * @param ids  int32 [N], in [0, count)
 * @returns float32 [count, E]
 */
export function segmentSum(rows: tf.Tensor2D, ids: tf.Tensor1D, count: number): tf.Tensor2D {
  if (tf.getKernel(tf.UnsortedSegmentSum, tf.getBackend()) !== undefined)
    return tf.unsortedSegmentSum(rows, ids, count) as tf.Tensor2D;
  return tf.scatterND(tf.reshape(ids, [-1, 1]), rows, [count, rows.shape[1]]);
}
