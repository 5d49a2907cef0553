import { type Dropout, ops, tf, type Weights } from "@kgraft/tensor";
import type { Activation, EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";

/** Applies the linear layer of a name stem: `x Wᵀ + b`, float32 [..., in] to [..., out]. */
export function linear(weights: Weights, stem: string, x: tf.Tensor): tf.Tensor {
  return ops.linear(x, weights.get(`${stem}.weight`), weights.get(`${stem}.bias`));
}

/** Applies the LayerNorm of a name stem over the last axis, as the family divides. */
export function layerNorm(weights: Weights, stem: string, x: tf.Tensor, config: EncoderConfig): tf.Tensor {
  const [gain, bias] = [weights.get(`${stem}.weight`), weights.get(`${stem}.bias`)];
  const { normalization } = familyOf(config.modelType);
  return normalization === "unbiased-deviation"
    ? unbiasedLayerNorm(x, gain, bias, config.layerNormEpsilon)
    : ops.layerNorm(x, gain, bias, config.layerNormEpsilon);
}

/**
 * Applies the LayerNorm of a name stem to `residual + dropout(x)`.
 *
 * @param site the dropout's own name
 */
export function residualLayerNorm(
  weights: Weights,
  stem: string,
  x: tf.Tensor,
  residual: tf.Tensor,
  config: EncoderConfig,
  { rate, context, site }: Dropout,
): tf.Tensor {
  if (familyOf(config.modelType).normalization !== undefined)
    return layerNorm(weights, stem, tf.add(ops.dropout(x, rate, context, site), residual), config);
  const [gain, bias] = [weights.get(`${stem}.weight`), weights.get(`${stem}.bias`)];
  return ops.dropoutResidualNorm(x, residual, gain, bias, config.layerNormEpsilon, rate, context, site);
}

/**
 * Computes `gain (x - mean) / (deviation + epsilon) + bias`, with the deviation of a sample (divided by H - 1).
 *
 * @source UER-py, uer/layers/layer_norm.py, from which K-BERT comes
 */
function unbiasedLayerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.div(tf.sum(tf.square(centred), -1, true), (x.shape.at(-1) as number) - 1);
  const normal = tf.div(centred, tf.add(tf.sqrt(variance), epsilon));
  return tf.add(tf.mul(normal, gain), bias);
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
