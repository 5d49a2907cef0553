import { InputError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { StepContext } from "../contract.ts";
import { differentiable } from "./differentiable.ts";
import { fusedDropout, hasFusedOps } from "./fused.ts";
import { siteSeed, statelessMask } from "./stateless-mask.ts";

/** Dropout inside another op. */
export interface Dropout {
  /** In [0, 1). */
  readonly rate: number;
  readonly context: StepContext;
  /** A name that no other place of the model has, e.g. a parameter's path. */
  readonly site: string;
}

/**
 * Sets a share of the elements to 0 and scales the others by 1 / (1 - rate); gives `x` itself outside training.
 *
 * The mask is a function of (context.key, site, element) alone: no state, nothing read from the host.
 *
 * @param x    float32, any shape
 * @param rate in [0, 1)
 * @param site a name that no other place of the model has
 * @throws InputError `tensor.dropout.rate`; RunError `tensor.dropout.key` where training has no key
 * @source Srivastava et al., JMLR 2014, in its inverted form
 */
export function dropout(x: tf.Tensor, rate: number, context: StepContext, site: string): tf.Tensor {
  if (!isActive({ rate, context, site })) return x;
  if (hasFusedOps()) return fused(x, rate, siteSeed(context.key, site));
  return differentiable(
    { x },
    (save) => {
      const mask = statelessMask(x.shape, rate, siteSeed(context.key, site));
      save(mask);
      return tf.mul(x, mask);
    },
    (dy, [mask]) => ({ x: () => tf.mul(dy, mask as tf.Tensor) }),
  );
}

/** The mask is drawn again for the gradient: cheaper than keeping it. */
function fused(x: tf.Tensor, rate: number, seed: tf.Tensor): tf.Tensor {
  return differentiable(
    { x, seed },
    (save) => {
      save(seed);
      return fusedDropout(x, rate, seed);
    },
    (dy, [drawn]) => ({ x: () => fusedDropout(dy, rate, drawn as tf.Tensor) }),
  );
}

/** Whether anything is dropped at all. @throws InputError `tensor.dropout.rate` */
export function isActive({ rate, context, site }: Dropout): boolean {
  if (!(rate >= 0 && rate < 1))
    throw new InputError({
      code: "tensor.dropout.rate",
      at: `tensor.dropout ${site}`,
      problem: `rate is ${rate}`,
      wanted: "Wanted a number in [0, 1)",
    });
  return context.training && rate > 0;
}
