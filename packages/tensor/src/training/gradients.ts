import { InputError, RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { Loss, LossFunction, StepContext, TensorBatch } from "../contract.ts";
import { nearestNames } from "../nearest-names.ts";
import type { Gradients } from "../optimiser/clip.ts";
import type { Parameters } from "../parameters.ts";
import { shapeText } from "../shapes.ts";
import { Tape } from "./tape.ts";

/** How the losses become one total. */
export interface GradientOptions {
  /** Names of the parameters that gradients are wanted for. Default: all. */
  readonly trainable?: readonly string[];
  /**
   * What each loss's sum is divided by instead of its own weight, e.g. the weights of all parts of a split batch together.
   * Asked between the pass forward and the pass backward.
   */
  divisors?(losses: StepGradients["losses"]): Readonly<Record<string, tf.Scalar>>;
  /** What the total is multiplied by, and so every gradient; the losses are given as they are. */
  readonly scale?: tf.Scalar | undefined;
}

/** What one pass forward and backward gives. All tensors are new and the caller's to dispose. */
export interface StepGradients {
  /** Of the total, by parameter; a parameter that no loss reaches has none. */
  readonly gradients: Gradients;
  readonly losses: Readonly<Record<string, Loss>>;
}

/**
 * Computes the gradients of Σ weight · sum / divisor over the losses in one pass forward and one backward: a pure function of
 * tensors.
 *
 * A loss that counts nothing in this batch (weight 0) adds nothing.
 *
 * @param lossWeights by loss name; 1 where absent
 * @throws RunError `tensor.losses` where there is no loss, a loss is no scalar, or no trainable parameter reaches one
 * @throws InputError `tensor.loss-weights` where a weight names no loss
 */
export function gradients(
  losses: LossFunction,
  parameters: Parameters,
  batch: TensorBatch,
  context: StepContext,
  lossWeights: Readonly<Record<string, number>> = {},
  { trainable = parameters.names(), divisors, scale }: GradientOptions = {},
): StepGradients {
  const kept: Record<string, Loss> = {};
  const tape = Tape.record(() => {
    const found = losses(parameters, batch, context);
    checkLosses(found, lossWeights);
    for (const [name, loss] of Object.entries(found)) kept[name] = keepLoss(loss);
  });
  try {
    const seeds = seedsOf(kept, lossWeights, divisors?.(kept), scale);
    const slopes = tape.gradients(
      seeds,
      trainable.map((name) => parameters.get(name)),
    );
    const byName = trainable.map((name, i) => [name, slopes[i]] as const);
    const reached = byName.filter((pair): pair is readonly [string, tf.Tensor] => pair[1] !== undefined);
    if (reached.length === 0) throw lossError(Object.keys(kept).join(", "), "depends on no trainable parameter");
    return { gradients: Object.fromEntries(reached), losses: kept };
  } catch (thrown) {
    tape.dispose();
    for (const { sum, weight } of Object.values(kept)) tf.dispose([sum, weight]);
    throw thrown;
  }
}

/** The losses of a batch alone, without gradients. The tensors are new and the caller's to dispose. */
export function lossesOf(
  losses: LossFunction,
  parameters: Parameters,
  batch: TensorBatch,
  context: StepContext,
): Readonly<Record<string, Loss>> {
  const kept: Record<string, Loss> = {};
  tf.tidy(() => {
    const found = losses(parameters, batch, context);
    checkLosses(found, {});
    for (const [name, loss] of Object.entries(found)) kept[name] = keepLoss(loss);
  });
  return kept;
}

/** Copies that outlive the tidying of the pass; a loss may be a tensor of the batch itself. */
function keepLoss({ sum, weight }: Loss): Loss {
  return { sum: tf.keep(tf.cast(sum, "float32")), weight: tf.keep(tf.cast(weight, "float32")) };
}

/**
 * The derivative of the total by each loss's sum: its coefficient, kept. A weight that was computed from parameters (as the
 * number of positions often is) passes none back.
 */
function seedsOf(
  losses: Readonly<Record<string, Loss>>,
  lossWeights: Readonly<Record<string, number>>,
  divisors: Readonly<Record<string, tf.Scalar>> | undefined,
  scale: tf.Scalar | undefined,
): Map<number, tf.Tensor> {
  const seeds = Object.entries(losses).map(([name, { sum, weight }]) => {
    const seed = tf.tidy(() => {
      const factor = coefficient(divisors?.[name] ?? weight, lossWeights[name] ?? 1);
      return scale === undefined ? factor : tf.mul(factor, scale);
    });
    return [sum.id, tf.keep(seed)] as const;
  });
  return new Map(seeds);
}

/** factor / divisor, or factor where nothing was counted. */
function coefficient(divisor: tf.Scalar, factor: number): tf.Scalar {
  const counted = tf.cast(divisor, "float32");
  const safe = tf.where(tf.greater(counted, 0), counted, tf.onesLike(counted));
  return tf.div(factor, safe) as tf.Scalar;
}

function checkLosses(losses: Readonly<Record<string, Loss>>, lossWeights: Readonly<Record<string, number>>): void {
  const names = Object.keys(losses);
  if (names.length === 0) throw lossError("the loss function", "gives no loss");
  for (const [name, { sum, weight }] of Object.entries(losses))
    for (const [part, tensor] of Object.entries({ sum, weight }))
      if (tensor.rank !== 0) throw lossError(name, `${part} has shape ${shapeText(tensor.shape)}`, "Wanted a scalar");
  const unknown = Object.keys(lossWeights).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError({
      code: "tensor.loss-weights",
      at: `lossWeights.${unknown}`,
      problem: `no loss "${unknown}"`,
      wanted: nearestNames(unknown, names),
    });
}

function lossError(at: string, problem: string, wanted?: string): RunError {
  return new RunError({ code: "tensor.losses", at, problem, wanted });
}
