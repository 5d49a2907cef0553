import * as tf from "@tensorflow/tfjs-core";
import type { Numbers, ParameterState, ScalarOf } from "./update-rule.ts";

/** What AdamW and LAMB share. */
export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly biasCorrection: boolean;
}

/**
 * The numbers of a step with bias correction moved out of the tensors: m̂ / (√v̂ + ε) = `correction` · m / (√v + `epsilon`).
 */
export function adamNumbers({ beta1, beta2, epsilon, biasCorrection }: AdamSettings, step: number): Numbers {
  const root2 = biasCorrection ? Math.sqrt(1 - beta2 ** step) : 1;
  const correction = biasCorrection ? root2 / (1 - beta1 ** step) : 1;
  return { beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, epsilon: epsilon * root2, correction };
}

/** The new first and second moments, and m / (√v + ε). */
export function adamDirection({ gradient, moments }: ParameterState, scalar: ScalarOf) {
  const [first, second] = moments as readonly [tf.Tensor, tf.Tensor];
  const m = tf.add(tf.mul(first, scalar("beta1")), tf.mul(gradient, scalar("rest1")));
  const v = tf.add(tf.mul(second, scalar("beta2")), tf.mul(tf.square(gradient), scalar("rest2")));
  const direction: tf.Tensor = tf.div(m, tf.add(tf.sqrt(v), scalar("epsilon")));
  return { moments: [m, v], direction };
}
