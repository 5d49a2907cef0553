import * as tf from "@tensorflow/tfjs-core";
import type { StepContext } from "../contract.ts";
import { differentiable } from "./differentiable.ts";
import { dropout, isActive } from "./dropout.ts";
import { fusedDropout, fusedDropoutResidualNorm, fusedLayerNormGradient, hasFusedOps } from "./fused.ts";
import { layerNorm } from "./layer-norm.ts";
import { checkShape } from "./shape-check.ts";
import { siteSeed } from "./stateless-mask.ts";

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
  checkShape(
    "dropoutResidualNorm",
    "residual",
    residual,
    tf.util.arraysEqual(residual.shape, x.shape),
    `[${x.shape.join(", ")}] as x`,
  );
  if (!hasFusedOps()) return layerNorm(tf.add(dropout(x, rate, context, site), residual), gain, bias, epsilon);
  const dropping = isActive({ rate, context, site });
  const seed = dropping ? siteSeed(context.key, site) : tf.zeros([2], "int32");
  return fused([x, residual, gain, bias, seed], epsilon, dropping ? rate : 0);
}

function fused(
  inputs: readonly [x: tf.Tensor, residual: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, seed: tf.Tensor],
  epsilon: number,
  rate: number,
): tf.Tensor {
  const [x, residual, gain, bias, seed] = inputs;
  return differentiable(
    { x, residual, gain, bias, seed },
    (save) => {
      const { y, normal, scales } = fusedDropoutResidualNorm(inputs, epsilon, rate);
      save(normal, scales, gain, seed);
      return y;
    },
    (dy, saved) => {
      const [normal, scales, factor, drawn] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const gradients = fusedLayerNormGradient(dy, normal, scales, factor);
      return {
        x: () => (rate > 0 ? fusedDropout(gradients.x, rate, drawn) : tf.clone(gradients.x)),
        residual: () => gradients.x,
        gain: () => gradients.gain,
        bias: () => gradients.bias,
      };
    },
  );
}
