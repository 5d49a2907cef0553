import * as tf from "@tensorflow/tfjs-core";
import { differentiable } from "./differentiable.ts";
import { fusedGelu, fusedGeluGradient, hasFusedOps } from "./fused.ts";

const INVERSE_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * Computes `x Φ(x)`, with Φ the normal distribution function.
 *
 * @param x float32, any shape
 * @source Hendrycks and Gimpel, 2016, "Gaussian Error Linear Units", §2
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  if (hasFusedOps()) return fused(x, false);
  return differentiable(
    { x },
    (save) => {
      const half = normalDistribution(x);
      save(x, half);
      return tf.mul(x, half);
    },
    (dy, saved) => {
      const [input, half] = saved as [tf.Tensor, tf.Tensor];
      return {
        x: () => {
          const density = tf.mul(tf.exp(tf.mul(tf.square(input), -0.5)), INVERSE_SQRT_2PI);
          return tf.mul(dy, tf.add(half, tf.mul(input, density)));
        },
      };
    },
  );
}

function fused(x: tf.Tensor, tanh: boolean): tf.Tensor {
  return differentiable(
    { x },
    (save) => {
      save(x);
      return fusedGelu(x, tanh);
    },
    (dy, [input]) => ({ x: () => fusedGeluGradient(dy, input as tf.Tensor, tanh) }),
  );
}

const normalDistribution = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

/**
 * Computes `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`, the approximation that BERT's first code used.
 *
 * @param x float32, any shape
 * @source Hendrycks and Gimpel, 2016, "Gaussian Error Linear Units", §2
 */
export function geluTanh(x: tf.Tensor): tf.Tensor {
  if (hasFusedOps()) return fused(x, true);
  return differentiable(
    { x },
    (save) => {
      const inner = tf.mul(tf.mul(x, SQRT_2_OVER_PI), tf.add(tf.mul(tf.square(x), CUBIC), 1));
      const tanh = tf.tanh(inner);
      save(x, tanh);
      return tf.mul(tf.mul(x, 0.5), tf.add(tanh, 1));
    },
    (dy, saved) => {
      const [input, tanh] = saved as [tf.Tensor, tf.Tensor];
      return {
        x: () => {
          const slope = tf.mul(tf.add(tf.mul(tf.square(input), 3 * CUBIC), 1), SQRT_2_OVER_PI / 2);
          const bent = tf.mul(tf.mul(input, slope), tf.sub(1, tf.square(tanh)));
          return tf.mul(dy, tf.add(tf.mul(tf.add(tanh, 1), 0.5), bent));
        },
      };
    },
  );
}
