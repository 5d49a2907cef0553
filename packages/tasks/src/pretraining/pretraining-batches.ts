import { batchArrays, collateExamples, type FusedEncoder, type PreparedText } from "@kgraft/fusion";
import type { Streams } from "@kgraft/runtime";
import type { BatchSource, HostArray, HostBatch } from "@kgraft/tensor";
import { bucketBatches, paddedLength } from "@kgraft/text";
import type { Objective } from "../contract.ts";
import type { BatchLimit } from "../text-batches.ts";
import type { FrozenStates } from "./frozen-states.ts";
import type { PretrainingTexts } from "./pretraining-texts.ts";

/** What batches of pre-training are made from. */
export interface PretrainingBatchOptions {
  readonly model: FusedEncoder;
  readonly objectives: readonly Objective[];
  readonly texts: PretrainingTexts;
  readonly limit: BatchLimit;
  readonly streams: Streams;
}

/** One step's place in the passes over the corpus. */
interface StepPlace {
  readonly epoch: number;
  readonly index: number;
  /** Places of the batch's examples in the corpus. */
  readonly places: readonly number[];
}

/**
 * The batches of pre-training by step. Order, masks and corruption are functions of seed, epoch and place in the corpus;
 * order and masks are the same for every strategy.
 */
export class PretrainingBatches {
  readonly #options: PretrainingBatchOptions;
  /** Batches of each epoch so far; the plan itself is kept for the last one only. */
  readonly #sizes: number[] = [];
  #last: { readonly epoch: number; readonly plan: readonly (readonly number[])[] } | undefined;

  constructor(options: PretrainingBatchOptions) {
    this.#options = options;
  }

  /** Examples read in steps [0, steps), repetitions counted. */
  async examplesSeen(steps: number): Promise<number> {
    let seen = 0;
    for (let step = 0; step < steps; step++) seen += (await this.#place(step)).places.length;
    return seen;
  }

  /** The examples that steps [from, from + steps) read, each once; undefined where each epoch has its own. */
  async read(from: number, steps: number): Promise<readonly PreparedText[] | undefined> {
    const { texts } = this.#options;
    if (texts.rewritten) return undefined;
    const places = new Set<number>();
    for (let step = from; step < from + steps; step++)
      for (const place of (await this.#place(step)).places) places.add(place);
    return Promise.all([...places].sort((a, b) => a - b).map((place) => texts.at(0, place)));
  }

  /** Steps [from, from + steps) as one epoch for the trainer, with the states of frozen layers where there are any. */
  source(from: number, steps: number, states?: FrozenStates): BatchSource {
    return { batchesInEpoch: () => steps, batch: (_, index) => this.at(from + index, states) };
  }

  /** Makes the batch of a step, counted from 0. */
  async at(step: number, states?: FrozenStates): Promise<HostBatch> {
    const { model, objectives, texts, streams } = this.#options;
    const { epoch, index, places } = await this.#place(step);
    const examples = await Promise.all(places.map((place) => texts.at(epoch, place)));
    const longest = examples.reduce((most, { encoding }) => Math.max(most, encoding.ids.length), 1);
    const length = Math.min(paddedLength(longest, 8), texts.longest);
    const collated = collateExamples(examples, length, model.fusion, streams.at("corruption", epoch, index));
    const ids = (collated.arrays[batchArrays.inputIds] as HostArray).data as Int32Array;
    const taken = new Uint8Array(ids.length);
    const targets = objectives.map(({ name, corrupt }) =>
      corrupt({
        examples,
        shape: { rows: examples.length, length },
        ids,
        taken,
        draw: (row, purpose) =>
          streams.at(
            purpose === undefined ? `objective/${name}` : `objective/${name}/${purpose}`,
            epoch,
            places[row] as number,
          ),
      }),
    );
    const arrays: HostBatch["arrays"] = Object.assign({}, collated.arrays, ...targets);
    return { ...collated, arrays: { ...arrays, ...(await states?.batch(examples, arrays)) } };
  }

  async #place(step: number): Promise<StepPlace> {
    let before = 0;
    for (let epoch = 0; ; epoch++) {
      const size = this.#sizes[epoch] ?? (await this.#plan(epoch)).length;
      if (step < before + size)
        return { epoch, index: step - before, places: (await this.#plan(epoch))[step - before] as readonly number[] };
      before += size;
    }
  }

  /** The places of each batch of an epoch. */
  async #plan(epoch: number): Promise<readonly (readonly number[])[]> {
    if (this.#last?.epoch !== epoch) {
      const { texts, limit, streams } = this.#options;
      const { lengths, places } = await texts.epoch(epoch);
      const batches = bucketBatches(lengths, { ...limit, draw: streams.at("batches", epoch) });
      const plan = batches.map(({ indices }) => indices.map((at) => places[at] as number));
      this.#last = { epoch, plan };
      this.#sizes[epoch] = plan.length;
    }
    return this.#last.plan;
  }
}
