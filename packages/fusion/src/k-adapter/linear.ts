import { ops, type tf, type Weights } from "@kgraft/tensor";

/** Applies the linear layer of a name stem: `x Wᵀ + b`, float32 [..., in] to [..., out]. */
export function linear(weights: Weights, stem: string, x: tf.Tensor): tf.Tensor {
  return ops.linear(x, weights.get(`${stem}.weight`), weights.get(`${stem}.bias`));
}
