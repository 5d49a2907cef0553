import * as tf from "@tensorflow/tfjs-core";
import type { TensorBatch } from "../contract.ts";
import { clipByGlobalNorm } from "../optimiser/clip.ts";
import type { Optimiser } from "../optimiser/optimiser.ts";
import { GradientAccumulator, type LossSettings, type StepPart } from "./accumulate.ts";
import type { FedBatch } from "./batch-feed.ts";
import { type FailedStep, notFinite, stepFailure } from "./failure.ts";
import type { StepGradients } from "./gradients.ts";

/** What one step takes from the host. */
export interface StepInput {
  readonly label: string;
  /** 1 for the first. */
  readonly step: number;
  /** On the device; the step disposes them. */
  readonly batches: readonly FedBatch[];
  /** A dropout key for each batch. */
  readonly keys: readonly Int32Array[];
  /** The schedule's factor of the rate. */
  readonly factor: number;
}

/** Runs steps: batches in, new weights and the losses' means out. */
export class Stepper {
  readonly #optimiser: Optimiser;
  readonly #accumulator: GradientAccumulator;
  readonly #constants: TensorBatch;
  readonly #limit: tf.Scalar | undefined;

  /**
   * @param constants tensors that are part of every batch; they become this object's
   * @param clipNorm the global norm that gradients are clipped to
   */
  constructor(settings: LossSettings, optimiser: Optimiser, constants: TensorBatch, clipNorm: number | undefined) {
    this.#optimiser = optimiser;
    this.#accumulator = new GradientAccumulator(settings);
    this.#constants = constants;
    this.#limit = clipNorm === undefined ? undefined : tf.scalar(clipNorm, "float32");
  }

  /**
   * Runs one step. The losses are looked at before the weights move, so a NaN leaves them as they were.
   *
   * @throws RunError `tensor.train.diverged`, `tensor.train.memory` or `tensor.train.step`, naming step and examples
   */
  async run(input: StepInput): Promise<Readonly<Record<string, number>>> {
    const owned: tf.TensorContainer[] = [];
    const own = <T extends tf.TensorContainer>(tensors: T): T => {
      owned.push(tensors);
      return tensors;
    };
    try {
      const parts = input.batches.map((batch, i) => this.#toPart(batch, input.keys[i] as Int32Array, own));
      const scalars = own(this.#optimiser.scalars(input.step, input.factor) as Record<string, tf.Scalar>);
      const { gradients, losses } = this.#accumulator.over(parts);
      own({ ...gradients });
      own(Object.values(losses).flatMap(({ sum, weight }) => [sum, weight]));
      const clipped = this.#limit === undefined ? undefined : clipByGlobalNorm(gradients, this.#limit);
      if (clipped !== undefined) own([clipped.norm, { ...clipped.gradients }]);
      const means = await readLosses(losses, clipped?.norm, input);
      this.#optimiser.apply(clipped?.gradients ?? gradients, scalars);
      return means;
    } catch (thrown) {
      throw stepFailure(thrown, failedStep(input));
    } finally {
      tf.dispose(owned);
    }
  }

  /** Gives the constants back. */
  dispose(): void {
    tf.dispose({ ...this.#constants });
    this.#limit?.dispose();
  }

  #toPart({ tensors }: FedBatch, key: Int32Array, own: <T extends tf.TensorContainer>(tensors: T) => T): StepPart {
    own({ ...tensors });
    const context = { training: true, key: own(tf.tensor1d(key, "int32")) };
    return { batch: { ...this.#constants, ...tensors }, context };
  }
}

function failedStep({ label, step, batches }: StepInput): FailedStep {
  return { label, step, batches: batches.map(({ host }) => host) };
}

/** Downloads sums, weights and norm in one piece. */
async function readLosses(
  losses: StepGradients["losses"],
  norm: tf.Scalar | undefined,
  input: StepInput,
): Promise<Readonly<Record<string, number>>> {
  const names = Object.keys(losses);
  const scalars = Object.values(losses).flatMap(({ sum, weight }) => [sum, weight]);
  const packed = tf.stack(norm === undefined ? scalars : [...scalars, norm]);
  const values = await packed.data();
  packed.dispose();
  const means: Record<string, number> = {};
  for (const [i, name] of names.entries()) {
    const [sum, weight] = [values[2 * i] as number, values[2 * i + 1] as number];
    const mean = weight === 0 ? sum : sum / weight;
    if (!Number.isFinite(mean)) throw notFinite(`loss "${name}"`, mean, failedStep(input));
    if (weight !== 0) means[name] = mean;
  }
  const length = norm === undefined ? 0 : (values[2 * names.length] as number);
  if (!Number.isFinite(length)) throw notFinite("the gradients' norm", length, failedStep(input));
  return means;
}
