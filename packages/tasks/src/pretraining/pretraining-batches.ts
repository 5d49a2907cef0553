import { batchArrays, collateExamples, type FusedEncoder, type PreparedText } from "@kgraft/fusion";
import type { Streams } from "@kgraft/runtime";
import type { BatchSource, HostArray, HostBatch } from "@kgraft/tensor";
import { bucketBatches, type LengthBatch, type PackedRow, paddedLength } from "@kgraft/text";
import type { Objective } from "../contract.ts";
import type { BatchLimit } from "../text-batches.ts";
import type { FrozenStates } from "./frozen-states.ts";
import { collatePacked, type PackedTexts, packedBatches } from "./packed-rows.ts";
import type { PretrainingTexts } from "./pretraining-texts.ts";

/** What batches of pre-training are made from. */
export interface PretrainingBatchOptions {
  readonly model: FusedEncoder;
  readonly objectives: readonly Objective[];
  readonly texts: PretrainingTexts;
  readonly limit: BatchLimit;
  /** T of rows that texts share; absent: each text has a row of its own. */
  readonly packed?: number | undefined;
  readonly streams: Streams;
}

/** The texts of a batch. */
interface PlannedBatch {
  /** Places of the batch's examples in the corpus. */
  readonly places: readonly number[];
  /** Where they stand; absent: each in a row of its own. */
  readonly rows?: readonly PackedRow[];
}

/** One step's place in the passes over the corpus. */
interface StepPlace extends PlannedBatch {
  readonly epoch: number;
  readonly index: number;
}

/**
 * The batches of pre-training by step. Order, masks and corruption are functions of seed, epoch and place in the corpus;
 * order and masks are the same for every strategy.
 */
export class PretrainingBatches {
  readonly #options: PretrainingBatchOptions;
  /** Batches of each epoch so far; the plan itself is kept for the last one only. */
  readonly #sizes: number[] = [];
  #last: { readonly epoch: number; readonly plan: readonly PlannedBatch[] } | undefined;

  constructor(options: PretrainingBatchOptions) {
    this.#options = options;
  }

  /** Examples read in steps [0, steps), repetitions counted. */
  async examplesSeen(steps: number): Promise<number> {
    let seen = 0;
    for (let step = 0; step < steps; step++) seen += (await this.#place(step)).places.length;
    return seen;
  }

  /** The examples that steps [from, from + steps) read, each once; undefined where they are not held: each epoch has its own then, or the corpus is read from its file. */
  async read(from: number, steps: number): Promise<readonly PreparedText[] | undefined> {
    const { texts } = this.#options;
    if (!texts.held) return undefined;
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
    const { objectives, texts, streams } = this.#options;
    const at = await this.#place(step);
    const { epoch, places } = at;
    const examples = await Promise.all(places.map((place) => texts.at(epoch, place)));
    const collated = this.#collate(at, examples);
    const { shape, data } = collated.arrays[batchArrays.inputIds] as HostArray;
    const [rows, length] = shape as [number, number];
    const ids = data as Int32Array;
    const taken = new Uint8Array(ids.length);
    const targets = objectives.map(({ name, corrupt }) =>
      corrupt({
        examples,
        starts: startsOf(at, length),
        shape: { rows, length },
        ids,
        taken,
        draw: (example, purpose) =>
          streams.at(
            purpose === undefined ? `objective/${name}` : `objective/${name}/${purpose}`,
            epoch,
            places[example] as number,
          ),
      }),
    );
    const arrays: HostBatch["arrays"] = Object.assign({}, collated.arrays, ...targets);
    return { ...collated, arrays: { ...arrays, ...(await states?.batch(examples, arrays)) } };
  }

  #collate({ epoch, index, rows }: StepPlace, examples: readonly PreparedText[]): HostBatch {
    const { model, texts, streams, packed } = this.#options;
    if (rows !== undefined)
      return collatePacked(examples, rows, { rowLength: packed as number, encoder: model.encoder });
    const longest = examples.reduce((most, { encoding }) => Math.max(most, encoding.ids.length), 1);
    const length = Math.min(paddedLength(longest, 8), texts.longest);
    return collateExamples(examples, length, model.fusion, streams.at("corruption", epoch, index));
  }

  async #place(step: number): Promise<StepPlace> {
    let before = 0;
    for (let epoch = 0; ; epoch++) {
      const size = this.#sizes[epoch] ?? (await this.#plan(epoch)).length;
      if (step < before + size)
        return { epoch, index: step - before, ...((await this.#plan(epoch))[step - before] as PlannedBatch) };
      before += size;
    }
  }

  /** The batches of an epoch. */
  async #plan(epoch: number): Promise<readonly PlannedBatch[]> {
    if (this.#last?.epoch !== epoch) {
      const { lengths, places } = await this.#options.texts.epoch(epoch);
      const plan = this.#layOut(lengths, epoch).map((batch) => ({
        places: batch.indices.map((at) => places[at] as number),
        ...("rows" in batch && { rows: batch.rows }),
      }));
      this.#last = { epoch, plan };
      this.#sizes[epoch] = plan.length;
    }
    return this.#last.plan;
  }

  #layOut(lengths: Int32Array, epoch: number): readonly (LengthBatch | PackedTexts)[] {
    const { limit, streams, packed } = this.#options;
    const draw = streams.at("batches", epoch);
    if (packed === undefined) return bucketBatches(lengths, { ...limit, draw });
    const rowsTogether = "batchSize" in limit ? limit.batchSize : Math.floor(limit.batchTokens / packed);
    return packedBatches(lengths, { rowLength: packed, rowsTogether, draw });
  }
}

/** Where each example of a batch begins. */
function startsOf({ places, rows }: PlannedBatch, length: number): readonly number[] {
  if (rows === undefined) return places.map((_, row) => row * length);
  return rows.flatMap((sequences, row) => sequences.map(({ start }) => row * length + start));
}
