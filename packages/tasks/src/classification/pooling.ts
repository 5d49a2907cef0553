import type { BatchShape } from "@kgraft/fusion";
import { type HostArray, tf } from "@kgraft/tensor";

/**
 * Makes the weights by which pieces of each row are averaged, on the host, so that no shape depends on how many they are.
 *
 * @param pieces of each row
 * @returns float32 [B, T], each row with a piece sums to 1
 */
export function meanOfPieces(pieces: readonly (readonly number[])[], { rows, length }: BatchShape): HostArray {
  const data = new Float32Array(rows * length);
  for (const [row, read] of pieces.entries()) for (const piece of read) data[row * length + piece] = 1 / read.length;
  return { dtype: "float32", shape: [rows, length], data };
}

/** Σ_t weights[b, t] · hidden[b, t]: float32 [B, T, H] and [B, T] to [B, H]. */
export function weightedMean(hidden: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [rows = 0, length = 0, size = 0] = hidden.shape;
  const mean = tf.matMul(tf.reshape(weights, [rows, 1, length]), hidden); // [B, 1, H]
  return tf.reshape(mean, [rows, size]);
}
