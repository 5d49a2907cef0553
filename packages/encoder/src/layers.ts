import { ops, tf, type Weights } from "@kgraft/tensor";
import type { Activation, EncoderConfig } from "./contract.ts";

/** Applies the linear layer of a name stem: `x Wᵀ + b`, float32 [..., in] to [..., out]. */
export function linear(weights: Weights, stem: string, x: tf.Tensor): tf.Tensor {
  return ops.linear(x, weights.get(`${stem}.weight`), weights.get(`${stem}.bias`));
}

/** Applies the LayerNorm of a name stem over the last axis. */
export function layerNorm(weights: Weights, stem: string, x: tf.Tensor, config: EncoderConfig): tf.Tensor {
  return ops.layerNorm(x, weights.get(`${stem}.weight`), weights.get(`${stem}.bias`), config.layerNormEpsilon);
}

/** Applies an activation element by element. */
export function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation) {
    case "gelu":
      return ops.gelu(x);
    case "gelu-tanh":
      return ops.geluTanh(x);
    case "relu":
      return tf.relu(x);
    case "silu":
      return tf.mul(x, tf.sigmoid(x));
    case "tanh":
      return tf.tanh(x);
  }
}
