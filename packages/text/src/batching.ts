import { type Draw, InputError } from "@kgraft/runtime";

/** How {@link bucketBatches} fills its batches: by rows or by pieces. */
export type BucketOptions = {
  /** Lengths are padded to a multiple of this, and to coarser multiples above eight of it. Default 8. */
  readonly multipleOf?: number;
  /** Shuffles examples and batches, e.g. `streams(seed).at("batches", epoch)`; absent: by length, then index. */
  readonly draw?: Draw | undefined;
} & (
  | {
      /** Rows of a batch. */
      readonly batchSize: number;
      readonly batchTokens?: undefined;
    }
  | {
      /** Most pieces of a batch, padding included; an example that is longer is a batch of its own. */
      readonly batchTokens: number;
      readonly batchSize?: undefined;
    }
);

/** Examples that are padded to one length. */
export interface LengthBatch {
  /** Indices into the lengths. */
  readonly indices: readonly number[];
  /** Padded length in pieces. */
  readonly length: number;
}

/**
 * Puts examples of like length together, in few shapes: full batches of each padded length; what is left over of a
 * length joins the next longer one, so at most one batch is not full. A pure function of the lengths and the draw.
 *
 * @param lengths pieces of each example
 */
export function bucketBatches(lengths: ArrayLike<number>, options: BucketOptions): LengthBatch[] {
  assertPositive("batchSize", options.batchSize);
  assertPositive("batchTokens", options.batchTokens);
  const { draw } = options;
  const longest = longestOf(lengths);
  const order = draw ? draw.permutation(lengths.length) : Int32Array.from({ length: lengths.length }, (_, i) => i);
  const buckets = new Map<number, number[]>();
  for (const index of order) {
    const padded = Math.min(paddedLength(lengths[index] as number, options.multipleOf ?? 8), longest);
    const bucket = buckets.get(padded);
    if (bucket) bucket.push(index);
    else buckets.set(padded, [index]);
  }
  const batches = fill(buckets, (length) => rowsOf(length, options));
  return draw ? Array.from(draw.permutation(batches.length), (i) => batches[i] as LengthBatch) : batches;
}

/**
 * Rounds a length up to one of few: multiples of `multipleOf` up to eight of them, of twice that up to sixteen, and so
 * on, so that padding stays below an eighth for long texts.
 */
export function paddedLength(length: number, multipleOf: number): number {
  let step = multipleOf;
  while (length > 8 * step) step *= 2;
  return Math.max(1, Math.ceil(length / step)) * step;
}

function fill(buckets: ReadonlyMap<number, readonly number[]>, rowsAt: (length: number) => number): LengthBatch[] {
  const batches: LengthBatch[] = [];
  let left: number[] = [];
  let lastLength = 0;
  for (const length of [...buckets.keys()].sort((a, b) => a - b)) {
    const waiting = [...left, ...(buckets.get(length) ?? [])];
    const rows = rowsAt(length);
    const full = waiting.length - (waiting.length % rows);
    for (let from = 0; from < full; from += rows) batches.push({ indices: waiting.slice(from, from + rows), length });
    left = waiting.slice(full);
    lastLength = length;
  }
  if (left.length > 0) batches.push({ indices: left, length: lastLength });
  return batches;
}

function rowsOf(length: number, options: BucketOptions): number {
  return options.batchSize ?? Math.max(1, Math.floor((options.batchTokens as number) / length));
}

function longestOf(lengths: ArrayLike<number>): number {
  let longest = 1;
  for (let i = 0; i < lengths.length; i++) longest = Math.max(longest, lengths[i] as number);
  return longest;
}

function assertPositive(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new InputError({
    code: "text.batches.size",
    at: "text.bucketBatches",
    problem: `${name} is ${value}`,
    wanted: "Wanted a whole number above 0",
  });
}
