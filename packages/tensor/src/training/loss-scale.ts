import { InputError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import type { Gradients } from "../optimiser/clip.ts";
import type { LossScaling } from "./options.ts";

/** Where the scale stands, for a checkpoint. */
export interface ScaleState {
  readonly scale: number;
  /** Updates since it last changed. */
  readonly good: number;
}

/**
 * What losses are multiplied by before the pass backward, and gradients divided by after it.
 *
 * @source Micikevicius et al., ICLR 2018, "Mixed Precision Training", §3.2; the dynamic form doubles and halves
 */
export class LossScale {
  readonly #growEvery: number;
  readonly #dynamic: boolean;
  #state: ScaleState;

  /** @throws InputError `tensor.loss-scaling` for numbers out of range */
  constructor(config: LossScaling) {
    this.#dynamic = !("scale" in config);
    const scale = "scale" in config ? config.scale : (config.initial ?? 2 ** 16);
    this.#growEvery = ("scale" in config ? undefined : config.growEvery) ?? 2000;
    const key = "scale" in config ? "scale" : "initial";
    if (!(scale >= 1 && Number.isFinite(scale))) throw refusal(key, scale, "Wanted a number of at least 1");
    if (!(Number.isSafeInteger(this.#growEvery) && this.#growEvery > 0))
      throw refusal("growEvery", this.#growEvery, "Wanted a whole number above 0");
    this.#state = { scale, good: 0 };
  }

  get state(): ScaleState {
    return this.#state;
  }

  /** Goes on from a checkpoint; a fixed scale stays as it is. */
  restore(state: ScaleState): void {
    if (this.#dynamic) this.#state = state;
  }

  /** An update was made: after enough of them the scale doubles. */
  keep(): void {
    const { scale, good } = this.#state;
    const due = this.#dynamic && good + 1 >= this.#growEvery;
    this.#state = due ? { scale: scale * 2, good: 0 } : { scale, good: good + 1 };
  }

  /**
   * Halves the scale, since gradients were not finite.
   *
   * @returns false where it cannot be halved: it is fixed, or 1 already
   */
  shrink(): boolean {
    if (!this.#dynamic || this.#state.scale <= 1) return false;
    this.#state = { scale: Math.max(1, this.#state.scale / 2), good: 0 };
    return true;
  }
}

/** Gradients of the losses themselves; new tensors. */
export function unscaled(gradients: Gradients, scale: tf.Scalar): Gradients {
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.div(gradient, scale)]));
}

function refusal(key: string, value: number, wanted: string): InputError {
  return new InputError({ code: "tensor.loss-scaling", at: `lossScaling.${key}`, problem: `is ${value}`, wanted });
}
