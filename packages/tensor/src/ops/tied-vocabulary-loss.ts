import * as tf from "@tensorflow/tfjs-core";
import type { Loss } from "../contract.ts";
import { differentiable } from "./differentiable.ts";
import { product } from "./matrix-product.ts";
import { checkShape, lastOf } from "./shape-check.ts";
import { rowLosses } from "./softmax-cross-entropy.ts";

/**
 * Sums the cross-entropy of a vocabulary's words whose output weights are its embedding table:
 * `softmaxCrossEntropy(hidden tableᵀ + bias, labels, weights)`, at the positions that are asked for only.
 *
 * @param hidden  float32 [K, H]
 * @param table   float32 [V, H]
 * @param bias    float32 [V]
 * @param labels  int32 [K], in [0, V) even where the weight is 0
 * @param weights float32 [K]
 * @returns sum over positions; weight = Σ weights
 * @throws RunError `tensor.shape` where the shapes do not fit
 */
export function tiedVocabularyLoss(
  hidden: tf.Tensor,
  table: tf.Tensor,
  bias: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
): Loss {
  checkShapes(hidden, table, bias, labels, weights);
  const sum = differentiable(
    { hidden, table, bias, labels, weights },
    (save) => {
      const logits = product(hidden as tf.Tensor2D, table as tf.Tensor2D, { b: true });
      const { losses, slopes } = rowLosses(logits, bias, labels as tf.Tensor1D);
      save(hidden, table, losses, slopes, weights);
      return tf.sum(tf.mul(losses, weights));
    },
    (dy, saved) => {
      const [h, e, losses, slopes, factors] = saved as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor1D,
        tf.Tensor2D,
        tf.Tensor1D,
      ];
      // The row factors go into what is [K, H] wide, not into the slopes [K, V].
      const scales = tf.reshape(tf.mul(factors, dy), [-1, 1]) as tf.Tensor2D;
      return {
        hidden: () => tf.mul(product(slopes, e), scales),
        table: () => product(slopes, tf.mul(h, scales), { a: true }),
        bias: () => tf.reshape(product(scales, slopes, { a: true }), [-1]),
        weights: () => tf.mul(losses, dy),
      };
    },
  );
  return { sum: sum as tf.Scalar, weight: tf.sum(weights) };
}

function checkShapes(
  hidden: tf.Tensor,
  table: tf.Tensor,
  bias: tf.Tensor,
  labels: tf.Tensor,
  weights: tf.Tensor,
): void {
  const op = "tiedVocabularyLoss";
  checkShape(op, "hidden", hidden, hidden.rank === 2, "float32 [K, H]");
  const [positions] = hidden.shape as [number];
  const width = lastOf(hidden.shape);
  checkShape(op, "table", table, table.rank === 2 && table.shape[1] === width, `float32 [V, ${width}] = [V, H]`);
  const [words] = table.shape as [number];
  checkShape(op, "bias", bias, bias.rank === 1 && bias.shape[0] === words, `float32 [${words}] = [V]`);
  const fits = (x: tf.Tensor): boolean => x.rank === 1 && x.shape[0] === positions;
  checkShape(op, "labels", labels, fits(labels) && labels.dtype === "int32", `int32 [${positions}] = [K]`);
  checkShape(op, "weights", weights, fits(weights), `float32 [${positions}] = [K]`);
}
