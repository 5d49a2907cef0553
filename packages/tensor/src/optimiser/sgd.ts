import * as tf from "@tensorflow/tfjs-core";
import type { SgdConfig } from "./config.ts";
import type { UpdateRule } from "./update-rule.ts";

/**
 * Makes the rule of gradient descent with momentum.
 *
 * @source Sutskever et al., ICML 2013, in the form of PyTorch's `SGD`: velocity = momentum · velocity + gradient, and the
 * rate multiplies the velocity
 */
export function sgd({ momentum = 0, nesterov = false }: SgdConfig): UpdateRule {
  return {
    moments: momentum === 0 ? [] : ["velocity"],
    defaultDecay: 0,
    numbers: (_step, rate, decay) => ({ rate, decay, momentum }),
    update: ({ value, gradient, moments }, scalar, { decaying }) => {
      const slope = decaying ? tf.add(gradient, tf.mul(value, scalar("decay"))) : gradient;
      const last = moments[0];
      if (last === undefined) return { value: tf.sub(value, tf.mul(slope, scalar("rate"))), moments: [] };
      const velocity: tf.Tensor = tf.add(tf.mul(last, scalar("momentum")), slope);
      const step = nesterov ? tf.add(slope, tf.mul(velocity, scalar("momentum"))) : velocity;
      return { value: tf.sub(value, tf.mul(step, scalar("rate"))), moments: [velocity] };
    },
    inPlace: ({ value, gradient }, scalar, { decaying }) => {
      const slope = decaying ? tf.add(gradient, tf.mul(value, scalar("decay"))) : gradient;
      const inputs = [scalar("rate"), slope];
      if (momentum === 0) return { op: "ResourceApplyGradientDescent", attributes: {}, inputs };
      const attributes = { use_nesterov: { bool: nesterov } };
      return { op: "ResourceApplyMomentum", attributes, inputs: [...inputs, scalar("momentum")] };
    },
  };
}
