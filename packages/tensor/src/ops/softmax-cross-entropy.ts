import * as tf from "@tensorflow/tfjs-core";
import { rawOp } from "../backend/raw-op.ts";
import type { Loss } from "../contract.ts";
import { differentiable } from "./differentiable.ts";
import { fusedCrossEntropy, hasFusedOps } from "./fused.ts";
import { checkShape } from "./shape-check.ts";

/**
 * Sums `-weight log softmax(logits)[label]` over rows.
 *
 * @param logits  float32 [N, C]
 * @param labels  int32 [N], in [0, C) even where the weight is 0
 * @param weights float32 [N]
 * @returns sum over rows; weight = Σ weights
 * @throws RunError `tensor.shape` where the shapes do not fit
 */
export function softmaxCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor): Loss {
  checkRows("softmaxCrossEntropy", logits, labels, weights);
  const sum = differentiable(
    { logits, labels, weights },
    (save) => {
      const { losses, slopes } = rowLosses(logits as tf.Tensor2D, undefined, labels as tf.Tensor1D);
      save(slopes, losses, weights);
      return tf.sum(tf.mul(losses, weights));
    },
    (dy, saved) => {
      const [slopes, losses, factors] = saved as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
      return {
        logits: () => tf.mul(slopes, tf.reshape(tf.mul(factors, dy), [-1, 1])),
        weights: () => tf.mul(losses, dy),
      };
    },
  );
  return { sum: sum as tf.Scalar, weight: tf.sum(weights) };
}

/** Losses [N] of logits + bias, and their derivatives by the logits [N, C] = softmax - one-hot, out of one pass. */
export function rowLosses(
  logits: tf.Tensor2D,
  bias: tf.Tensor | undefined,
  labels: tf.Tensor1D,
): { losses: tf.Tensor; slopes: tf.Tensor } {
  if (hasFusedOps()) return fusedCrossEntropy(logits, bias ?? tf.zeros([logits.shape[1]]), labels);
  const biased = bias === undefined ? logits : (tf.add(logits, bias) as tf.Tensor2D);
  return tf.getBackend() === "tensorflow" ? nativeLosses(biased, labels) : composedLosses(biased, labels);
}

function nativeLosses(logits: tf.Tensor2D, labels: tf.Tensor1D): { losses: tf.Tensor; slopes: tf.Tensor } {
  const attributes = { T: { type: "float32" }, Tlabels: { type: "int32" } } as const;
  const [losses, slopes] = rawOp("SparseSoftmaxCrossEntropyWithLogits", attributes, [logits, labels], 2);
  return { losses, slopes } as { losses: tf.Tensor; slopes: tf.Tensor };
}

function composedLosses(logits: tf.Tensor2D, labels: tf.Tensor1D): { losses: tf.Tensor; slopes: tf.Tensor } {
  const shifted = tf.sub(logits, tf.max(logits, -1, true));
  const exponentials = tf.exp(shifted);
  const total = tf.sum(exponentials, -1, true);
  const hot = tf.cast(tf.oneHot(labels, logits.shape[1]), "float32");
  const losses = tf.sub(tf.log(tf.reshape(total, [-1])), tf.sum(tf.mul(shifted, hot), -1));
  return { losses, slopes: tf.sub(tf.div(exponentials, total), hot) };
}

/** Checks logits [N, C], labels [N] and weights [N] against each other. */
function checkRows(op: string, logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor): void {
  checkShape(op, "logits", logits, logits.rank === 2, "float32 [N, C]");
  const rows = logits.shape[0];
  const fits = (x: tf.Tensor): boolean => x.rank === 1 && x.shape[0] === rows;
  checkShape(op, "labels", labels, fits(labels) && labels.dtype === "int32", `int32 [${rows}] = [N]`);
  checkShape(op, "weights", weights, fits(weights), `float32 [${rows}] = [N]`);
}
