import type * as tf from "@tensorflow/tfjs-core";
import { hasFusedOps, rawOp } from "../backend/raw-op.ts";

/**
 * The ops of our own that the native build brings (src/native/kernels), by what they compute. Each stands for five to
 * ten of TensorFlow's and passes once over its operands. Call them only where `hasFusedOps()`.
 */
export { hasFusedOps };

/** A normalised row keeps what its gradient needs. */
export interface Normalised {
  readonly y: tf.Tensor;
  readonly normal: tf.Tensor;
  readonly scales: tf.Tensor;
}

const first = (tensors: readonly tf.Tensor[]): tf.Tensor => tensors[0] as tf.Tensor;

export function fusedLayerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): Normalised {
  const [y, normal, scales] = rawOp("KgraftLayerNorm", { epsilon: { float: epsilon } }, [x, gain, bias], 3);
  return { y, normal, scales } as Normalised;
}

/** `seed` int32 [2] is read where the rate is above 0. */
export function fusedDropoutResidualNorm(
  inputs: readonly [x: tf.Tensor, residual: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, seed: tf.Tensor],
  epsilon: number,
  rate: number,
): Normalised {
  const attributes = { epsilon: { float: epsilon }, rate: { float: rate } };
  const [y, normal, scales] = rawOp("KgraftDropoutResidualNorm", attributes, inputs, 3);
  return { y, normal, scales } as Normalised;
}

export function fusedLayerNormGradient(
  dy: tf.Tensor,
  normal: tf.Tensor,
  scales: tf.Tensor,
  gain: tf.Tensor,
): { x: tf.Tensor; gain: tf.Tensor; bias: tf.Tensor } {
  const [dx, dgain, dbias] = rawOp("KgraftLayerNormGrad", {}, [dy, normal, scales, gain], 3);
  return { x: dx, gain: dgain, bias: dbias } as { x: tf.Tensor; gain: tf.Tensor; bias: tf.Tensor };
}

export const fusedGelu = (x: tf.Tensor, tanh: boolean): tf.Tensor =>
  first(rawOp("KgraftGelu", { tanh: { bool: tanh } }, [x]));

export const fusedGeluGradient = (dy: tf.Tensor, x: tf.Tensor, tanh: boolean): tf.Tensor =>
  first(rawOp("KgraftGeluGrad", { tanh: { bool: tanh } }, [dy, x]));

/** Its own gradient, by the same seed. */
export const fusedDropout = (x: tf.Tensor, rate: number, seed: tf.Tensor): tf.Tensor =>
  first(rawOp("KgraftDropout", { rate: { float: rate } }, [x, seed]));

/** softmax(scale scores + bias), scores [B, A, Tq, Tk] and bias broadcast to that. */
export const fusedSoftmax = (scores: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor =>
  first(rawOp("KgraftAttentionSoftmax", { scale: { float: scale } }, [scores, bias]));

/** The gradient by the scores, from that by the weights after dropout. */
export const fusedSoftmaxGradient = (
  weights: tf.Tensor,
  dUsed: tf.Tensor,
  seed: tf.Tensor,
  scale: number,
  rate: number,
): tf.Tensor =>
  first(
    rawOp("KgraftAttentionSoftmaxGrad", { scale: { float: scale }, rate: { float: rate } }, [weights, dUsed, seed]),
  );

/** Losses [N] of the rows of logits + bias, and their derivatives by the logits [N, C]. */
export function fusedCrossEntropy(
  logits: tf.Tensor,
  bias: tf.Tensor,
  labels: tf.Tensor,
): { losses: tf.Tensor; slopes: tf.Tensor } {
  const [losses, slopes] = rawOp("KgraftCrossEntropy", {}, [logits, bias, labels], 2);
  return { losses, slopes } as { losses: tf.Tensor; slopes: tf.Tensor };
}
