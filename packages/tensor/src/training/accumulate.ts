import * as tf from "@tensorflow/tfjs-core";
import type { Loss, LossFunction, StepContext, TensorBatch } from "../contract.ts";
import type { Parameters } from "../parameters.ts";
import { type GradientOptions, gradients, lossesOf, type StepGradients } from "./gradients.ts";

/** What stays the same from step to step. */
export interface LossSettings {
  readonly losses: LossFunction;
  readonly parameters: Parameters;
  readonly lossWeights: Readonly<Record<string, number>>;
  readonly trainable: readonly string[];
}

/** One batch on the device with its context. */
export interface StepPart {
  readonly batch: TensorBatch;
  readonly context: StepContext;
}

/**
 * Computes the gradients of a step over several batches as if they were one: Σ sums / Σ weights, loss by loss.
 *
 * One loss is divided at the end. Several need their divisors before the first pass backward: the weights of the other
 * batches then come from one more pass forward over each.
 */
export class GradientAccumulator {
  readonly #settings: LossSettings;

  constructor(settings: LossSettings) {
    this.#settings = settings;
  }

  /**
   * @param scale what gradients are multiplied by
   * @returns new tensors, the caller's to dispose; losses are summed over the parts
   */
  over(parts: readonly StepPart[], scale?: tf.Scalar): StepGradients {
    const [first, ...more] = parts as readonly [StepPart, ...StepPart[]];
    if (more.length === 0) return this.#gradients(first, { scale });
    let divisors: Readonly<Record<string, tf.Scalar>> = {};
    const start = this.#gradients(first, {
      scale,
      divisors: (losses) => {
        divisors = Object.keys(losses).length === 1 ? ones(losses) : this.#weightsOf(losses, more);
        return divisors;
      },
    });
    // One part after the other, so that only two sets of gradients are there at a time.
    const sum = more.reduce(
      (last, part) => addSteps(last, this.#gradients(part, { scale, divisors: () => divisors })),
      start,
    );
    tf.dispose({ ...divisors });
    return Object.keys(sum.losses).length === 1 ? dividedByWeight(sum) : sum;
  }

  /** Σ weights by loss. */
  #weightsOf(first: StepGradients["losses"], more: readonly StepPart[]): Readonly<Record<string, tf.Scalar>> {
    const { losses, parameters } = this.#settings;
    const start = Object.fromEntries(Object.entries(first).map(([name, { weight }]) => [name, tf.clone(weight)]));
    return more.reduce<Record<string, tf.Scalar>>((sums, { batch, context }) => {
      for (const [name, { sum, weight }] of Object.entries(lossesOf(losses, parameters, batch, context))) {
        sum.dispose();
        sums[name] = addInPlace(sums[name], weight);
      }
      return sums;
    }, start);
  }

  #gradients({ batch, context }: StepPart, options: GradientOptions): StepGradients {
    const { losses, parameters, lossWeights, trainable } = this.#settings;
    return gradients(losses, parameters, batch, context, lossWeights, { ...options, trainable });
  }
}

const ones = (losses: StepGradients["losses"]): Readonly<Record<string, tf.Scalar>> =>
  Object.fromEntries(Object.keys(losses).map((name) => [name, tf.scalar(1)]));

/** Divides the gradients of a single loss by what it counted. */
function dividedByWeight({ gradients, losses }: StepGradients): StepGradients {
  const [{ weight }] = Object.values(losses) as [Loss];
  const scaled = tf.tidy(() => {
    const divisor = tf.where(tf.greater(weight, 0), weight, tf.onesLike(weight));
    return Object.fromEntries(Object.entries(gradients).map(([key, value]) => [key, tf.div(value, divisor)]));
  });
  tf.dispose({ ...gradients });
  return { gradients: scaled, losses };
}

function addSteps(a: StepGradients, b: StepGradients): StepGradients {
  const names = new Set([...Object.keys(a.gradients), ...Object.keys(b.gradients)]);
  const sums = Array.from(names, (name) => [name, addInPlace(a.gradients[name], b.gradients[name])] as const);
  return { gradients: Object.fromEntries(sums), losses: addLosses(a.losses, b.losses) };
}

function addLosses(a: StepGradients["losses"], b: StepGradients["losses"]): StepGradients["losses"] {
  const sums = Object.entries(a).map(([name, { sum, weight }]) => {
    const other = b[name] as Loss;
    return [name, { sum: addInPlace(sum, other.sum), weight: addInPlace(weight, other.weight) }] as const;
  });
  return Object.fromEntries(sums);
}

/** The sum of two tensors of which one may be absent; both are given back. */
function addInPlace<T extends tf.Tensor>(a: T | undefined, b: T | undefined): T {
  if (a === undefined || b === undefined) return (a ?? b) as T;
  const sum = tf.add(a, b) as T;
  tf.dispose([a, b]);
  return sum;
}
