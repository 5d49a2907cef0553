import * as tf from "@tensorflow/tfjs-core";
import type { TensorBatch } from "../contract.ts";
import { clipByGlobalNorm, globalNorm } from "../optimiser/clip.ts";
import type { Optimiser } from "../optimiser/optimiser.ts";
import { GradientAccumulator, type LossSettings, type StepPart } from "./accumulate.ts";
import type { FedBatch } from "./batch-feed.ts";
import { type FailedStep, notFinite, stepFailure } from "./failure.ts";
import type { StepGradients } from "./gradients.ts";
import { type LossScale, unscaled } from "./loss-scale.ts";

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

/** What one step gives the host. */
export interface StepOutcome {
  /** Means by loss; one that counted nothing is left out. */
  readonly losses: Readonly<Record<string, number>>;
  /** Where losses are scaled: by what, and whether the update was left out. */
  readonly scaling?: { readonly scale: number; readonly skipped: boolean };
}

/** Runs steps: batches in, new weights and the losses' means out. */
export class Stepper {
  readonly #optimiser: Optimiser;
  readonly #accumulator: GradientAccumulator;
  readonly #constants: TensorBatch;
  readonly #limit: tf.Scalar | undefined;
  readonly #scale: LossScale | undefined;

  /**
   * @param constants tensors that are part of every batch; they become this object's
   * @param clipNorm the global norm that gradients are clipped to
   */
  constructor(
    settings: LossSettings,
    optimiser: Optimiser,
    constants: TensorBatch,
    { clipNorm, scale }: { readonly clipNorm: number | undefined; readonly scale: LossScale | undefined },
  ) {
    this.#optimiser = optimiser;
    this.#accumulator = new GradientAccumulator(settings);
    this.#constants = constants;
    this.#scale = scale;
    this.#limit = clipNorm === undefined ? undefined : tf.scalar(clipNorm, "float32");
  }

  /**
   * Runs one step. The losses are looked at before the weights move, so a NaN leaves them as they were.
   *
   * @throws RunError `tensor.train.diverged`, `tensor.train.memory` or `tensor.train.step`, naming step and examples
   */
  async run(input: StepInput): Promise<StepOutcome> {
    const owned: tf.TensorContainer[] = [];
    const own = <T extends tf.TensorContainer>(tensors: T): T => {
      owned.push(tensors);
      return tensors;
    };
    try {
      const parts = input.batches.map((batch, i) => this.#toPart(batch, input.keys[i] as Int32Array, own));
      const scalars = own(this.#optimiser.scalars(input.step, input.factor) as Record<string, tf.Scalar>);
      const { gradients, losses, norm } = this.#gradients(parts, own);
      const found = await readLosses(losses, norm, input);
      const scale = this.#scale?.state.scale;
      const skipped = !Number.isFinite(found.norm);
      if (skipped && this.#scale?.shrink() !== true)
        throw notFinite("the gradients' norm", found.norm, failedStep(input));
      if (!skipped) this.#optimiser.apply(gradients, scalars);
      if (!skipped) this.#scale?.keep();
      return scale === undefined ? { losses: found.means } : { losses: found.means, scaling: { scale, skipped } };
    } catch (thrown) {
      throw stepFailure(thrown, failedStep(input));
    } finally {
      tf.dispose(owned);
    }
  }

  /** Unscaled, then clipped; with their norm before that where either asks for it. */
  #gradients(
    parts: readonly StepPart[],
    own: <T extends tf.TensorContainer>(tensors: T) => T,
  ): StepGradients & { readonly norm: tf.Scalar | undefined } {
    const scale = this.#scale && own(tf.scalar(this.#scale.state.scale, "float32"));
    const { gradients: scaled, losses } = this.#accumulator.over(parts, scale);
    own([{ ...scaled }, ...Object.values(losses).flatMap(({ sum, weight }) => [sum, weight])]);
    const gradients = scale === undefined ? scaled : own({ ...unscaled(scaled, scale) });
    if (this.#limit === undefined)
      return { gradients, losses, norm: scale === undefined ? undefined : own(globalNorm(gradients)) };
    const clipped = clipByGlobalNorm(gradients, this.#limit);
    own([clipped.norm, { ...clipped.gradients }]);
    return { losses, ...clipped };
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
): Promise<{ means: Readonly<Record<string, number>>; norm: number }> {
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
  return { means, norm: norm === undefined ? 0 : (values[2 * names.length] as number) };
}
