import * as tf from "@tensorflow/tfjs-core";
import { adamDirection, adamNumbers } from "./adam-moments.ts";
import type { LambConfig } from "./config.ts";
import type { UpdateRule } from "./update-rule.ts";

/**
 * Makes LAMB's rule. Biases and normalization are not adapted, as in the authors' code.
 *
 * @source You et al., ICLR 2020, algorithm 2, with φ the identity; the ratio is 1 where either norm is 0
 */
export function lamb(config: LambConfig): UpdateRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, biasCorrection = true } = config;
  return {
    moments: ["m", "v"],
    defaultDecay: 0.01,
    numbers: (step, rate, decay) => ({
      ...adamNumbers({ beta1, beta2, epsilon, biasCorrection }, step),
      rate,
      decay,
    }),
    update: (state, scalar, { weight }) => {
      const { moments, direction } = adamDirection(state, scalar);
      const corrected = tf.mul(direction, scalar("correction"));
      if (!weight) return { value: tf.sub(state.value, tf.mul(corrected, scalar("rate"))), moments };
      const step: tf.Tensor = tf.add(corrected, tf.mul(state.value, scalar("decay")));
      const scale = tf.mul(trustRatio(state.value, step), scalar("rate"));
      return { value: tf.sub(state.value, tf.mul(step, scale)), moments };
    },
  };
}

/** ‖weights‖ / ‖step‖ as a scalar. */
function trustRatio(weights: tf.Tensor, step: tf.Tensor): tf.Tensor {
  const one = tf.onesLike(tf.sum(weights));
  const a = tf.sqrt(tf.sum(tf.square(weights)));
  const b = tf.sqrt(tf.sum(tf.square(step)));
  const both = tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0));
  return tf.where(both, tf.div(a, tf.where(both, b, one)), one);
}
