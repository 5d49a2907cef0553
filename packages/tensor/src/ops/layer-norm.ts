import * as tf from "@tensorflow/tfjs-core";
import { differentiable } from "./differentiable.ts";
import { fusedLayerNorm, fusedLayerNormGradient, hasFusedOps } from "./fused.ts";
import { columnSums } from "./matrix-product.ts";
import { asMatrix, checkShape, lastOf } from "./shape-check.ts";

/**
 * Normalises the last axis to mean 0 and variance 1 (biased), then scales and shifts it.
 *
 * @param x       float32 [..., H]
 * @param gain    float32 [H]
 * @param bias    float32 [H]
 * @param epsilon is added to the variance
 * @returns float32 [..., H]
 * @throws RunError `tensor.shape` where the shapes do not fit
 * @source Ba et al., 2016, "Layer Normalization", §3
 */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const width = lastOf(x.shape);
  for (const [name, tensor] of Object.entries({ gain, bias }))
    checkShape("layerNorm", name, tensor, tensor.rank === 1 && tensor.shape[0] === width, `[${width}] = [H]`);
  return hasFusedOps() ? fused(x, gain, bias, epsilon) : composed(x, gain, bias, epsilon);
}

function fused(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  return differentiable(
    { x, gain, bias },
    (save) => {
      const { y, normal, scales } = fusedLayerNorm(x, gain, bias, epsilon);
      save(normal, scales, gain);
      return y;
    },
    (dy, saved) => {
      const [normal, scales, factor] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const gradients = fusedLayerNormGradient(dy, normal, scales, factor);
      return { x: () => gradients.x, gain: () => gradients.gain, bias: () => gradients.bias };
    },
  );
}

function composed(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  return differentiable(
    { x, gain, bias },
    (save) => {
      const mean = tf.mean(x, -1, true);
      const centred = tf.sub(x, mean);
      const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
      const normal = tf.mul(centred, scale);
      save(normal, scale, gain);
      return tf.add(tf.mul(normal, gain), bias);
    },
    (dy, saved) => {
      const [normal, scale, factor] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      return {
        x: () => {
          const dNormal = tf.mul(dy, factor);
          const along = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), -1, true));
          return tf.mul(scale, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), along));
        },
        gain: () => columnSums(asMatrix(tf.mul(dy, normal))),
        bias: () => columnSums(asMatrix(dy)),
      };
    },
  );
}
