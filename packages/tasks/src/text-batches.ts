import type { PreparedText } from "@kgraft/fusion";
import type { Draw } from "@kgraft/runtime";
import { type BucketOptions, bucketBatches, paddedLength } from "@kgraft/text";

/** Prepared examples of like length, and the length that they are padded to. */
export interface TextBatch {
  readonly examples: readonly PreparedText[];
  /** Places of the examples in the list they came from. */
  readonly indices: readonly number[];
  /** T */
  readonly length: number;
}

/** How many examples a batch may have: a number of them, or of pieces with padding. */
export type BatchLimit = ({ readonly batchSize: number } | { readonly batchTokens: number }) & {
  /** Lengths are padded to a multiple of this. Default 8: few shapes. */
  readonly multipleOf?: number;
};

/** Cuts a list of prepared examples into batches. */
export class TextBatches {
  readonly #prepared: readonly PreparedText[];
  readonly #lengths: Int32Array;
  readonly #longest: number;
  readonly #limit: BatchLimit;

  /**
   * @param specialIds of the tokenizer that made the pieces: examples are ordered by the text's own pieces; absent: by all
   * that the model reads
   */
  constructor(prepared: readonly PreparedText[], limit: BatchLimit, specialIds?: ReadonlySet<number>) {
    this.#prepared = prepared;
    this.#limit = limit;
    this.#lengths = Int32Array.from(prepared, (one) =>
      specialIds === undefined ? one.encoding.ids.length : textLength(one, specialIds),
    );
    this.#longest = prepared.reduce((most, { encoding }) => Math.max(most, encoding.ids.length), 0);
  }

  /**
   * Lays the examples out in batches: shuffled by the draw, or by length where there is none.
   *
   * By the text's own pieces, which examples share a batch, and in what order, is the same for every strategy, whatever it
   * puts in between.
   */
  plan(draw?: Draw): readonly TextBatch[] {
    const options: BucketOptions = { ...this.#limit, draw };
    return bucketBatches(this.#lengths, options).map(({ indices }) => {
      const examples = indices.map((index) => this.#prepared[index] as PreparedText);
      const pieces = examples.reduce((most, { encoding }) => Math.max(most, encoding.ids.length), 1);
      return { examples, indices, length: Math.min(paddedLength(pieces, this.#limit.multipleOf ?? 8), this.#longest) };
    });
  }
}

/** Pieces of the text with its special tokens, without those that a strategy put in. */
function textLength({ encoding }: PreparedText, specialIds: ReadonlySet<number>): number {
  let length = 0;
  for (const [piece, id] of encoding.ids.entries())
    if ((encoding.sequenceIds[piece] as number) >= 0 || specialIds.has(id)) length++;
  return length;
}
