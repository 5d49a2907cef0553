import type * as tf from "@tensorflow/tfjs-core";
import { hasFusedOps, type RawAttribute, rawOp } from "../backend/raw-op.ts";
import { maskConstants } from "./mask-constants.ts";

/**
 * Ops that only the native build can call, by what they compute: those of our own (src/native/kernels), each of which
 * stands for five to ten of TensorFlow's and passes once over its operands, and one of TensorFlow's that needs a list of
 * strings. Call them only where `hasFusedOps()`.
 */
export { hasFusedOps };

/** A normalised row keeps what its gradient needs. */
export interface Normalised {
  readonly y: tf.Tensor;
  readonly normal: tf.Tensor;
  readonly scales: tf.Tensor;
}

function dropping(rate: number): Record<"threshold" | "kept", RawAttribute> {
  const { threshold, kept } = maskConstants(rate);
  return { threshold: { int: threshold }, kept: { float: kept } };
}

const first = (tensors: readonly tf.Tensor[]): tf.Tensor => tensors[0] as tf.Tensor;

/** x Wᵀ + b, the bias added while the product is in the processor's cache. */
export function fusedLinear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const attributes = {
    T: { type: "float32" },
    transpose_a: { bool: false },
    transpose_b: { bool: true },
    num_args: { int: 1 },
    fused_ops: { strings: ["BiasAdd"] },
    epsilon: { float: 0 },
  } as const;
  return first(rawOp("_FusedMatMul", attributes, [x, weight, bias]));
}

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
  const attributes = { epsilon: { float: epsilon }, ...dropping(rate) };
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
  first(rawOp("KgraftDropout", dropping(rate), [x, seed]));

/** What attention takes beside its tensors. */
export interface AttentionSettings {
  readonly heads: number;
  readonly scale: number;
  /** Of dropout; `seed` is read where it is above 0. */
  readonly rate: number;
}

type AttentionInputs = readonly [query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, bias: tf.Tensor, seed: tf.Tensor];

const attentionAttributes = ({ heads, scale, rate }: AttentionSettings) => ({
  heads: { int: heads },
  scale: { float: scale },
  ...dropping(rate),
});

/** Attention [B, Tq, H] over query [B, Tq, H], key and value [B, Tk, H], with a bias broadcast to [B, A, Tq, Tk]. */
export const fusedAttentionOutput = (inputs: AttentionInputs, settings: AttentionSettings): tf.Tensor =>
  first(rawOp("KgraftAttention", attentionAttributes(settings), inputs));

/** The gradients by query, key and value. */
export function fusedAttentionGradients(
  inputs: AttentionInputs,
  dy: tf.Tensor,
  settings: AttentionSettings,
): Record<"query" | "key" | "value", tf.Tensor> {
  const [query, key, value] = rawOp("KgraftAttentionGrad", attentionAttributes(settings), [...inputs, dy], 3);
  return { query, key, value } as Record<"query" | "key" | "value", tf.Tensor>;
}

/** Losses [N] of the rows of logits + bias, and their derivatives by the logits [N, C]. */
export function fusedCrossEntropy(
  logits: tf.Tensor,
  bias: tf.Tensor,
  labels: tf.Tensor,
): { losses: tf.Tensor; slopes: tf.Tensor } {
  const [losses, slopes] = rawOp("KgraftCrossEntropy", {}, [logits, bias, labels], 2);
  return { losses, slopes } as { losses: tf.Tensor; slopes: tf.Tensor };
}
