import * as tf from "@tensorflow/tfjs-core";
import { differentiable } from "./differentiable.ts";
import { fusedLinear, hasFusedOps } from "./fused.ts";
import { columnSums, product } from "./matrix-product.ts";
import { asMatrix, checkShape, lastOf } from "./shape-check.ts";

/**
 * Computes `x Wᵀ + b`.
 *
 * @param x      float32 [..., in]
 * @param weight float32 [out, in]
 * @param bias   float32 [out]
 * @returns float32 [..., out]
 * @throws RunError `tensor.shape` where the shapes do not fit
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const width = lastOf(x.shape);
  checkShape("linear", "weight", weight, weight.rank === 2 && weight.shape[1] === width, `[out, ${width}] = [out, in]`);
  const out = weight.shape[0] as number;
  if (bias !== undefined)
    checkShape("linear", "bias", bias, bias.rank === 1 && bias.shape[0] === out, `[${out}] = [out]`);
  return differentiable(
    bias === undefined ? { x, weight } : { x, weight, bias },
    (save) => {
      save(x, weight);
      return tf.reshape(forward(asMatrix(x), weight as tf.Tensor2D, bias), [...x.shape.slice(0, -1), out]);
    },
    (dy, saved) => {
      const [input, kernel] = saved as [tf.Tensor, tf.Tensor2D];
      return {
        x: () => tf.reshape(product(asMatrix(dy), kernel), input.shape),
        weight: () => product(asMatrix(dy), asMatrix(input), { a: true }),
        bias: () => columnSums(asMatrix(dy)),
      };
    },
  );
}

function forward(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor {
  if (bias === undefined) return product(x, weight, { b: true });
  return hasFusedOps() ? fusedLinear(x, weight, bias) : tf.add(product(x, weight, { b: true }), bias);
}
