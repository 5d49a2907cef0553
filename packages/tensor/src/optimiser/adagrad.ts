import * as tf from "@tensorflow/tfjs-core";
import type { AdagradConfig } from "./config.ts";
import type { UpdateRule } from "./update-rule.ts";

/**
 * Makes Adagrad's rule.
 *
 * @source Duchi et al., JMLR 2011, the diagonal form, ε outside the root as in PyTorch's `Adagrad`
 */
export function adagrad({ epsilon = 1e-10 }: AdagradConfig): UpdateRule {
  return {
    moments: ["squares"],
    defaultDecay: 0,
    rowwise: true,
    numbers: (_step, rate, decay) => ({ rate, decay, epsilon }),
    update: ({ value, gradient, moments }, scalar, { decaying }) => {
      const slope = decaying ? tf.add(gradient, tf.mul(value, scalar("decay"))) : gradient;
      const squares: tf.Tensor = tf.add(moments[0] as tf.Tensor, tf.square(slope));
      const step = tf.div(slope, tf.add(tf.sqrt(squares), scalar("epsilon")));
      return { value: tf.sub(value, tf.mul(step, scalar("rate"))), moments: [squares] };
    },
    inPlace: ({ value, gradient }, scalar, { decaying }) => {
      const slope = decaying ? tf.add(gradient, tf.mul(value, scalar("decay"))) : gradient;
      const attributes = { update_slots: { bool: true } };
      return { op: "ResourceApplyAdagradV2", attributes, inputs: [scalar("rate"), scalar("epsilon"), slope] };
    },
  };
}
