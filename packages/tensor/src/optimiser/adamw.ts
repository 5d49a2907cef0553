import * as tf from "@tensorflow/tfjs-core";
import { adamDirection, adamNumbers } from "./adam-moments.ts";
import type { AdamWConfig } from "./config.ts";
import type { UpdateRule } from "./update-rule.ts";

/**
 * Makes AdamW's rule.
 *
 * @source Loshchilov and Hutter, ICLR 2019, algorithm 2, with the decay multiplied by the rate and ε outside the bias
 * correction as in PyTorch's `AdamW`
 */
export function adamW(config: AdamWConfig): UpdateRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, biasCorrection = true } = config;
  return {
    moments: ["m", "v"],
    defaultDecay: 0.01,
    numbers: (step, rate, decay) => {
      const { correction = 1, ...numbers } = adamNumbers({ beta1, beta2, epsilon, biasCorrection }, step);
      return { ...numbers, rate: rate * correction, shrink: 1 - rate * decay, zero: 0 };
    },
    update: (state, scalar, { decaying }) => {
      const { moments, direction } = adamDirection(state, scalar);
      const shrunk = decaying ? tf.mul(state.value, scalar("shrink")) : state.value;
      return { value: tf.sub(shrunk, tf.mul(direction, scalar("rate"))), moments };
    },
    inPlace: ({ value, gradient }, scalar, { decaying }) => {
      const names = ["zero", "zero", "rate", "beta1", "beta2", "epsilon"];
      const update = {
        op: "ResourceApplyAdam",
        attributes: { use_nesterov: { bool: false } },
        // The powers of the betas are 0: rate and epsilon hold the correction already.
        inputs: [...names.map(scalar), gradient],
      };
      return decaying ? { ...update, value: tf.mul(value, scalar("shrink")) } : update;
    },
  };
}
