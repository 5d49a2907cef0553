import * as tf from "@tensorflow/tfjs-core";
import type { BatchSource, HostBatch, TensorBatch } from "../contract.ts";
import { toDevice } from "./host-batch.ts";
import type { Position, StepBatches, StepPlan } from "./steps.ts";

/** A batch on the device, and what its host says of it. */
export interface FedBatch {
  readonly host: HostBatch;
  readonly tensors: TensorBatch;
}

/** The batches of one step. Whoever takes them disposes the tensors. */
export interface FedStep {
  readonly place: StepBatches;
  readonly batches: readonly FedBatch[];
}

/**
 * Asks a source for the next step's batches while the current step runs; what it cannot do meanwhile it does before.
 *
 * Each batch is copied before the source is asked for another: it may write all of them into one buffer.
 */
export class BatchFeed {
  readonly #data: BatchSource;
  readonly #plan: StepPlan;
  #next: Promise<FedStep> | undefined;

  constructor(data: BatchSource, plan: StepPlan) {
    this.#data = data;
    this.#plan = plan;
  }

  /**
   * Gives the batches at a position.
   *
   * @param more whether a step will follow, whose batches are then prepared
   */
  async take(position: Position, more: boolean): Promise<FedStep> {
    const fed = await (this.#next ?? this.#prepare(position));
    this.#next = more ? this.#prepare(fed.place.next) : undefined;
    // A failure shows when the step's turn comes; until then it must not count as unhandled.
    this.#next?.catch(() => undefined);
    return fed;
  }

  /** Gives back what was prepared and not taken. */
  async dispose(): Promise<void> {
    const waiting = await this.#next?.catch(() => undefined);
    this.#next = undefined;
    for (const { tensors } of waiting?.batches ?? []) tf.dispose({ ...tensors });
  }

  async #prepare(position: Position): Promise<FedStep> {
    const place = this.#plan.at(position);
    const batches: FedBatch[] = [];
    for (let i = 0; i < place.count; i++) {
      const host = await this.#data.batch(place.epoch, place.index + i);
      const tensors = toDevice(host.arrays);
      // It may be prepared while somebody else's scope is open.
      for (const tensor of Object.values(tensors)) tf.keep(tensor);
      batches.push({ host, tensors });
    }
    return { place, batches };
  }
}
