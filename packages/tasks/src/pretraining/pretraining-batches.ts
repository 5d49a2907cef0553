import { batchArrays, collateExamples, type FusedEncoder, type PreparedText } from "@kgraft/fusion";
import type { Streams } from "@kgraft/runtime";
import type { BatchSource, HostArray, HostBatch } from "@kgraft/tensor";
import type { Objective } from "../contract.ts";
import type { TextBatch, TextBatches } from "../text-batches.ts";

/** What batches of pre-training are made from. */
export interface PretrainingBatchOptions {
  readonly model: FusedEncoder;
  readonly objectives: readonly Objective[];
  readonly batches: TextBatches;
  /** Place of each prepared example in the corpus: what its masks are drawn by. */
  readonly place: ReadonlyMap<PreparedText, number>;
  readonly streams: Streams;
}

/** One step's place in the passes over the corpus. */
interface Place {
  readonly epoch: number;
  readonly index: number;
  readonly batch: TextBatch;
}

/**
 * The batches of pre-training by step. Order, masks and corruption are functions of seed, epoch and place in the corpus;
 * order and masks are the same for every strategy.
 */
export class PretrainingBatches {
  readonly #options: PretrainingBatchOptions;
  readonly #plans: (readonly TextBatch[])[] = [];

  constructor(options: PretrainingBatchOptions) {
    this.#options = options;
  }

  /** Examples read in steps [0, steps), repetitions counted. */
  examplesSeen(steps: number): number {
    let seen = 0;
    for (let step = 0; step < steps; step++) seen += this.#place(step).batch.examples.length;
    return seen;
  }

  /** Steps [from, from + steps) as one epoch for the trainer. */
  source(from: number, steps: number): BatchSource {
    return { batchesInEpoch: () => steps, batch: (_, index) => this.at(from + index) };
  }

  /** Makes the batch of a step, counted from 0. */
  at(step: number): HostBatch {
    const { model, objectives, streams } = this.#options;
    const { epoch, index, batch } = this.#place(step);
    const collated = collateExamples(
      batch.examples,
      batch.length,
      model.fusion,
      streams.at("corruption", epoch, index),
    );
    const ids = (collated.arrays[batchArrays.inputIds] as HostArray).data as Int32Array;
    const targets = objectives.map((objective) =>
      objective.corrupt({
        examples: batch.examples,
        shape: { rows: batch.examples.length, length: batch.length },
        ids,
        draw: (row) => this.#draw(objective.name, epoch, batch.examples[row] as PreparedText),
      }),
    );
    return { ...collated, arrays: Object.assign({}, collated.arrays, ...targets) as HostBatch["arrays"] };
  }

  #draw(objective: string, epoch: number, example: PreparedText) {
    const { place, streams } = this.#options;
    return streams.at(`objective/${objective}`, epoch, place.get(example) as number);
  }

  #place(step: number): Place {
    let before = 0;
    for (let epoch = 0; ; epoch++) {
      const plan = this.#plan(epoch);
      const batch = plan[step - before];
      if (batch !== undefined) return { epoch, index: step - before, batch };
      before += plan.length;
    }
  }

  #plan(epoch: number): readonly TextBatch[] {
    const { batches, streams } = this.#options;
    this.#plans[epoch] ??= batches.plan(streams.at("batches", epoch));
    return this.#plans[epoch];
  }
}
