import * as tf from "@tensorflow/tfjs-core";
import type { Loss, LossFunction, StepContext, TensorBatch } from "../contract.ts";
import type { Parameters } from "../parameters.ts";
import { gradients, lossesOf, type StepGradients } from "./gradients.ts";

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
 * One loss is divided at the end. Several need their divisors first: their weights come from one more forward pass.
 */
export class GradientAccumulator {
  readonly #settings: LossSettings;
  #names: readonly string[] | undefined;

  constructor(settings: LossSettings) {
    this.#settings = settings;
  }

  /** @returns new tensors, the caller's to dispose; losses are summed over the parts */
  over(parts: readonly StepPart[]): StepGradients {
    const [first, ...more] = parts as readonly [StepPart, ...StepPart[]];
    if (more.length === 0) return this.#gradients(first);
    this.#names ??= Object.keys(disposed(this.#losses(first)));
    const [only, ...others] = this.#names;
    return only !== undefined && others.length === 0 ? this.#divideAfter(parts, only) : this.#divideBefore(parts);
  }

  #divideAfter(parts: readonly StepPart[], name: string): StepGradients {
    const divisors = { [name]: tf.scalar(1) };
    const { gradients, losses } = this.#sum(parts, divisors);
    tf.dispose(divisors);
    const scaled = tf.tidy(() => {
      const weight = (losses[name] as Loss).weight;
      const divisor = tf.where(tf.greater(weight, 0), weight, tf.onesLike(weight));
      return Object.fromEntries(Object.entries(gradients).map(([key, value]) => [key, tf.div(value, divisor)]));
    });
    tf.dispose(gradients);
    return { gradients: scaled, losses };
  }

  #divideBefore(parts: readonly StepPart[]): StepGradients {
    const totals = parts.map((part) => this.#losses(part)).reduce(addLosses);
    const divisors = Object.fromEntries(Object.entries(totals).map(([name, { weight }]) => [name, weight]));
    const sum = this.#sum(parts, divisors);
    disposed(totals);
    return sum;
  }

  /** One part after the other, so that only two sets of gradients are there at a time. */
  #sum(parts: readonly StepPart[], divisors: Readonly<Record<string, tf.Scalar>>): StepGradients {
    const [first, ...more] = parts as readonly [StepPart, ...StepPart[]];
    return more.reduce((sum, part) => addSteps(sum, this.#gradients(part, divisors)), this.#gradients(first, divisors));
  }

  #losses({ batch, context }: StepPart): Readonly<Record<string, Loss>> {
    return lossesOf(this.#settings.losses, this.#settings.parameters, batch, context);
  }

  #gradients({ batch, context }: StepPart, divisors?: Readonly<Record<string, tf.Scalar>>): StepGradients {
    const { losses, parameters, lossWeights, trainable } = this.#settings;
    const options = divisors === undefined ? { trainable } : { trainable, divisors };
    return gradients(losses, parameters, batch, context, lossWeights, options);
  }
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

function disposed(losses: Readonly<Record<string, Loss>>): Readonly<Record<string, Loss>> {
  for (const { sum, weight } of Object.values(losses)) tf.dispose([sum, weight]);
  return losses;
}
