import * as tf from "@tensorflow/tfjs-core";
import type { StepContext } from "../contract.ts";
import { dropout } from "./dropout.ts";
import { layerNorm } from "./layer-norm.ts";

/**
 * Computes `layerNorm(residual + dropout(x))`, the end of every sublayer of a post-norm Transformer.
 *
 * @param x        float32 [..., H]
 * @param residual float32 [..., H]
 * @param gain     float32 [H]
 * @param bias     float32 [H]
 * @param rate     in [0, 1)
 * @param site     a name that no other place of the model has
 * @returns float32 [..., H]
 * @source Vaswani et al., NeurIPS 2017, §3.1 and §5.4
 */
export function dropoutResidualNorm(
  x: tf.Tensor,
  residual: tf.Tensor,
  gain: tf.Tensor,
  bias: tf.Tensor,
  epsilon: number,
  rate: number,
  context: StepContext,
  site: string,
): tf.Tensor {
  return layerNorm(tf.add(dropout(x, rate, context, site), residual), gain, bias, epsilon);
}
