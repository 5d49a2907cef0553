import * as tf from "@tensorflow/tfjs-core";
import type { Loss } from "../contract.ts";
import { differentiable } from "./differentiable.ts";
import { checkShape } from "./shape-check.ts";

/**
 * Sums, over rows, the weighted mean over classes of the binary cross-entropy.
 *
 * @param logits  float32 [N, C]
 * @param targets float32 [N, C], in [0, 1]; it has no gradient here
 * @param weights float32 [N]
 * @returns sum over rows of weight x mean over C; weight = Σ weights
 * @throws RunError `tensor.shape` where the shapes do not fit
 */
export function sigmoidCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): Loss {
  checkShape("sigmoidCrossEntropy", "logits", logits, logits.rank === 2, "float32 [N, C]");
  const [rows, classes] = logits.shape as [number, number];
  const fits = tf.util.arraysEqual(targets.shape, logits.shape);
  checkShape("sigmoidCrossEntropy", "targets", targets, fits, `float32 [${rows}, ${classes}] as the logits`);
  const fitsRows = weights.rank === 1 && weights.shape[0] === rows;
  checkShape("sigmoidCrossEntropy", "weights", weights, fitsRows, `float32 [${rows}] = [N]`);
  const sum = differentiable(
    { logits, targets, weights },
    (save) => {
      const means = rowMeans(logits, targets);
      save(logits, targets, weights, means);
      return tf.sum(tf.mul(means, weights));
    },
    (dy, saved) => {
      const [x, z, factors, means] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return {
        logits: () => tf.mul(tf.sub(tf.sigmoid(x), z), tf.reshape(tf.mul(factors, tf.div(dy, classes)), [-1, 1])),
        weights: () => tf.mul(means, dy),
      };
    },
  );
  return { sum: sum as tf.Scalar, weight: tf.sum(weights) };
}

/** max(x, 0) - x z + log(1 + exp(-|x|)): never overflows. */
function rowMeans(x: tf.Tensor, z: tf.Tensor): tf.Tensor {
  const tail = tf.log1p(tf.exp(tf.neg(tf.abs(x))));
  return tf.mean(tf.add(tf.sub(tf.relu(x), tf.mul(x, z)), tail), -1);
}
