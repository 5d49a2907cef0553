import { tf } from "@kgraft/tensor";

/** The states of each row's first piece: float32 [B, T, H] to [B, H]. */
export function firstStates(hidden: tf.Tensor): tf.Tensor {
  const [rows, , size] = hidden.shape as [number, number, number];
  return tf.reshape(tf.slice(hidden, [0, 0, 0], [rows, 1, size]), [rows, size]);
}
