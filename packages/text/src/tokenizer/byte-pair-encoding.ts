import { z } from "zod";
import type { Model } from "./components.ts";
import { NumberHeap } from "./number-heap.ts";
import { vocabularySchema } from "./vocabulary.ts";

export const bytePairSchema = z.object({
  vocab: vocabularySchema,
  /** Pairs in new files, `left right` in old ones. */
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  unk_token: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  dropout: z.literal([0, null]).nullish(),
  continuing_subword_prefix: z.literal(["", null]).nullish(),
  end_of_word_suffix: z.literal(["", null]).nullish(),
  byte_fallback: z.literal([false, null]).nullish(),
});

type Options = z.output<typeof bytePairSchema>;

/** Merges by pair of ids, and the id that each yields. */
interface Merges {
  readonly rank: ReadonlyMap<number, number>;
  readonly made: Int32Array;
  readonly pair: (left: number, right: number) => number;
}

/**
 * Joins the neighbouring pair of lowest rank, again and again, until none is left.
 *
 * @source Rust `tokenizers` 0.23.2, models/bpe. Dropout, prefixes, suffixes and byte fallback are refused while reading
 */
export function bytePairEncoding(options: Options): Model {
  const merges = readMerges(options);
  const symbolsOf = symbolReader(options);
  return {
    vocabulary: options.vocab,
    unknownToken: options.unk_token ?? undefined,
    tokenize: (word) => {
      const whole = options.ignore_merges ? options.vocab.get(word) : undefined;
      if (whole !== undefined) return [whole, 0, word.length];
      const { ids, lengths } = symbolsOf(word);
      return merge(ids, lengths, merges);
    },
  };
}

/** @throws Error naming a merge whose parts or result are not in the vocabulary */
function readMerges({ vocab, merges }: Options): Merges {
  const size = highest(vocab) + 1;
  const pair = (left: number, right: number) => left * size + right;
  const rank = new Map<number, number>();
  const made = new Int32Array(merges.length);
  for (const [order, entry] of merges.entries()) {
    const [left, right] = typeof entry === "string" ? halves(entry) : entry;
    const [a, b, joined] = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    if (a === undefined || b === undefined || joined === undefined)
      throw new Error(`merge ${order} (${JSON.stringify([left, right])}) is not made of pieces of the vocabulary`);
    rank.set(pair(a, b), order);
    made[order] = joined;
  }
  return { rank, made, pair };
}

function halves(entry: string): [string, string] {
  const space = entry.indexOf(" ");
  return [entry.slice(0, space), entry.slice(space + 1)];
}

function highest(vocabulary: ReadonlyMap<string, number>): number {
  let id = 0;
  for (const other of vocabulary.values()) id = Math.max(id, other);
  return id;
}

/** Reads a word as single characters; unknown ones are the unknown token (runs of them one, if fused) or nothing. */
function symbolReader({ vocab, unk_token, fuse_unk }: Options): (word: string) => { ids: number[]; lengths: number[] } {
  const unknown = unk_token == null ? undefined : vocab.get(unk_token);
  return (word) => {
    const ids: number[] = [];
    const lengths: number[] = [];
    let afterUnknown = false;
    for (const character of word) {
      const id = vocab.get(character) ?? unknown;
      const isUnknown = !vocab.has(character);
      if (id === undefined) continue;
      if (isUnknown && afterUnknown && fuse_unk) lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + character.length;
      else {
        ids.push(id);
        lengths.push(character.length);
      }
      afterUnknown = isUnknown;
    }
    return { ids, lengths };
  };
}

/** Merges symbols in a linked list; the heap orders candidates by rank, then place. @returns flat [id, start, end, …] */
function merge(ids: number[], lengths: number[], merges: Merges): number[] {
  const count = ids.length;
  const next = Int32Array.from(ids, (_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const heap = new NumberHeap();
  const offer = (left: number): void => {
    const right = left < 0 ? -1 : (next[left] as number);
    if (right < 0) return;
    const rank = merges.rank.get(merges.pair(ids[left] as number, ids[right] as number));
    if (rank !== undefined) heap.push(rank * count + left);
  };
  for (let i = 0; i < count; i++) offer(i);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const left = top % count;
    const rank = Math.floor(top / count);
    const right = next[left] as number;
    if (lengths[left] === 0 || right < 0) continue;
    if (merges.rank.get(merges.pair(ids[left] as number, ids[right] as number)) !== rank) continue;
    ids[left] = merges.made[rank] as number;
    lengths[left] = (lengths[left] as number) + (lengths[right] as number);
    lengths[right] = 0;
    const after = next[right] as number;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    offer(previous[left] as number);
    offer(left);
  }
  return flatten(ids, lengths);
}

function flatten(ids: readonly number[], lengths: readonly number[]): number[] {
  const pieces: number[] = [];
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    if (length === 0) continue;
    pieces.push(ids[i] as number, start, start + length);
    start += length;
  }
  return pieces;
}
