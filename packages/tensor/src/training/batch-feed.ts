import type { BatchSource, HostBatch } from "../contract.ts";
import type { Position, StepBatches, StepPlan } from "./steps.ts";

/** The batches of one step, on the host. */
export interface FedStep {
  readonly place: StepBatches;
  readonly batches: readonly HostBatch[];
}

/** Asks a source for the next step's batches while the current step runs; what it cannot do meanwhile it does before. */
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

  async #prepare(position: Position): Promise<FedStep> {
    const place = this.#plan.at(position);
    const indices = Array.from({ length: place.count }, (_, i) => place.index + i);
    const batches = await Promise.all(indices.map((index) => this.#data.batch(place.epoch, index)));
    return { place, batches };
  }
}
