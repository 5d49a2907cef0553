import { tf } from "@kgraft/tensor";

/** The names that the option `loss` takes. */
export const lossNames = ["softmax", "margin", "softplus", "self-adversarial"] as const;

export type LossName = (typeof lossNames)[number];

/** What a loss reads of a batch of B questions that share K drawn entities. */
export interface LossInput {
  /** Scores of the drawn entities, float32 [B, K]; known answers that are filtered stand at -1e30. */
  readonly drawn: tf.Tensor2D;
  /** Scores of the true answers, float32 [B, 1]. */
  readonly answer: tf.Tensor2D;
  /** The column where a question's own answer was drawn, or -1: int32 [B]. That entity is no negative. */
  readonly own: tf.Tensor1D;
  /** Negatives among the drawn entities, float32 [B, 1]; at least 1. */
  readonly negatives: tf.Tensor2D;
}

/** A loss, summed over the questions, with its gradients. */
export interface LossGradients {
  readonly sum: tf.Scalar;
  /** d sum / d drawn is `weights * scale`: [B, K] and [B, 1], kept apart so that the product is never made. */
  readonly weights: tf.Tensor2D;
  readonly scale: tf.Tensor2D;
  /** d sum / d answer, float32 [B, 1]. */
  readonly answer: tf.Tensor2D;
}

export interface LossOptions {
  readonly loss: LossName;
  readonly margin: number;
  readonly temperature: number;
}

/** Computes the loss that the options name, with closed-form gradients. */
export function lossGradients(input: LossInput, options: LossOptions): LossGradients {
  switch (options.loss) {
    case "softmax":
      return softmax(input);
    case "margin":
      return margin(input, options);
    case "softplus":
      return softplus(input);
    case "self-adversarial":
      return selfAdversarial(input, options);
  }
}

/**
 * `log(e^s + Σ_k e^s_k) - s`: cross-entropy of the answer among itself and the negatives.
 *
 * @source Ruffinelli et al., ICLR 2020, cross-entropy over sampled negatives, here shared by the batch. A question whose
 * own answer was drawn already has it in the sum, so its own term is left out there: each entity counts once.
 */
function softmax({ drawn, answer, own }: LossInput): LossGradients {
  const top = tf.maximum(tf.max(drawn, 1, true), answer); // [B, 1]
  const weights = tf.exp(tf.sub(drawn, top)) as tf.Tensor2D; // [B, K]
  const notDrawn = tf.expandDims(tf.cast(tf.less(own, 0), "float32"), 1); // [B, 1]
  const ownWeight = tf.mul(tf.exp(tf.sub(answer, top)), notDrawn);
  const total = tf.add(tf.sum(weights, 1, true), ownWeight);
  const scale = tf.reciprocal(total) as tf.Tensor2D;
  return {
    sum: tf.sum(tf.sub(tf.add(tf.log(total), top), answer)),
    weights,
    scale,
    answer: tf.sub(tf.mul(ownWeight, scale), 1),
  };
}

/**
 * Mean over the negatives of `max(0, margin - s + s_k)`.
 *
 * @source Bordes et al., NeurIPS 2013, equation 1, with many negatives an answer
 */
function margin(input: LossInput, options: LossOptions): LossGradients {
  const violation = tf.add(tf.sub(withoutOwn(input), input.answer), options.margin);
  const weights = tf.cast(tf.greater(violation, 0), "float32") as tf.Tensor2D;
  const scale = tf.reciprocal(input.negatives) as tf.Tensor2D;
  return {
    sum: tf.sum(tf.mul(tf.sum(tf.relu(violation), 1, true), scale)),
    weights,
    scale,
    answer: tf.mul(tf.neg(tf.sum(weights, 1, true)), scale),
  };
}

/**
 * `log(1 + e^-s)` plus the mean over the negatives of `log(1 + e^s_k)`.
 *
 * @source Trouillon et al., ICML 2016, equation 10. Differs: the negatives are averaged, not summed.
 */
function softplus(input: LossInput): LossGradients {
  const scores = withoutOwn(input);
  const scale = tf.reciprocal(input.negatives) as tf.Tensor2D;
  const negative = tf.mul(tf.sum(tf.softplus(scores), 1, true), scale);
  return {
    sum: tf.sum(tf.add(negative, tf.softplus(tf.neg(input.answer)))),
    weights: tf.sigmoid(scores),
    scale,
    answer: tf.neg(tf.sigmoid(tf.neg(input.answer))),
  };
}

/**
 * `-½ [log σ(margin + s) + Σ_k w_k log σ(-s_k - margin)]`, `w = softmax(temperature · s_k)` held constant.
 *
 * @source Sun et al., ICLR 2019, equation 5; the official code halves the sum of the two sides.
 */
function selfAdversarial(input: LossInput, options: LossOptions): LossGradients {
  const scores = withoutOwn(input);
  const shares = tf.softmax(tf.mul(scores, options.temperature)) as tf.Tensor2D;
  const positive = tf.add(input.answer, options.margin);
  const negative = tf.add(scores, options.margin);
  const negativeLoss = tf.sum(tf.mul(shares, tf.softplus(negative)), 1, true);
  return {
    sum: tf.mul(tf.sum(tf.add(tf.softplus(tf.neg(positive)), negativeLoss)), 0.5) as tf.Scalar,
    weights: tf.mul(shares, tf.sigmoid(negative)),
    scale: tf.fill(input.answer.shape, 0.5),
    answer: tf.mul(tf.sigmoid(tf.neg(positive)), -0.5),
  };
}

/** The drawn scores with each question's own answer put out of the running. */
function withoutOwn({ drawn, own }: LossInput): tf.Tensor2D {
  // As integers, then cast: WebAssembly's float one-hot writes the bits of an integer.
  const isOwn = tf.cast(tf.oneHot(own, drawn.shape[1]), "float32"); // [B, K]
  return tf.add(drawn, tf.mul(isOwn, HIDDEN_SCORE));
}

/** The score of what is no negative: its exponential and its sigmoid are exactly 0. */
export const HIDDEN_SCORE = -1e30;
