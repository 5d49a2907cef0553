import { InputError } from "@kgraft/runtime";
import { z } from "zod";
import type { Model } from "./components.ts";
import { UnitTrie } from "./unit-trie.ts";

export const unigramSchema = z.object({
  /** Pieces with their log probabilities; the place is the id. */
  vocab: z.custom<readonly (readonly [string, number])[]>(isScored, "wanted an array of [piece, log probability]"),
  unk_id: z.int().nonnegative().nullish(),
  byte_fallback: z.literal([false, null]).nullish(),
});

function isScored(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((entry) => Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1]))
  );
}

/** What an unknown character costs more than the least likely piece. */
const unknownPenalty = 10;

/**
 * Cuts a word into the pieces whose log probabilities sum to the most; runs of unknown characters are one unknown token.
 *
 * @source Kudo, ACL 2018, section 3.2; Rust `tokenizers` 0.23.2, models/unigram (ties go to the piece that starts first)
 */
export function unigram({ vocab, unk_id }: z.output<typeof unigramSchema>): Model {
  if (unk_id != null && unk_id >= vocab.length)
    throw new Error(`unk_id is ${unk_id}, and the vocabulary has ${vocab.length} pieces`);
  const vocabulary = new Map(vocab.map(([piece], id) => [piece, id] as const));
  const trie = new UnitTrie();
  for (const [piece, id] of vocabulary) trie.add(piece, id);
  const scores = Float64Array.from(vocab, ([, score]) => score);
  const unknown = {
    id: unk_id ?? undefined,
    score: scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - unknownPenalty,
  };
  return {
    vocabulary,
    unknownToken: unk_id == null ? undefined : vocab[unk_id]?.[0],
    tokenize: (word) => backtrack(word, bestPaths(word, trie, scores, unknown), vocabulary, unknown.id),
  };
}

interface Unknown {
  readonly id: number | undefined;
  readonly score: number;
}

/** For each place of a word: where the best last piece begins, and its id. */
interface Paths {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}

function bestPaths(word: string, trie: UnitTrie, scores: Float64Array, unknown: Unknown): Paths {
  const size = word.length;
  const best = new Float64Array(size + 1);
  const starts = new Int32Array(size + 1).fill(-1);
  const ids = new Int32Array(size + 1);
  const offer = (start: number, end: number, id: number, score: number): void => {
    if (starts[end] !== -1 && !(score > (best[end] as number))) return;
    best[end] = score;
    starts[end] = start;
    ids[end] = id;
  };
  for (let start = 0; start < size; ) {
    const character = (word.codePointAt(start) as number) > 0xffff ? 2 : 1;
    let alone = false;
    const before = best[start] as number;
    trie.prefixes(word, start, (end, id) => {
      offer(start, end, id, (scores[id] as number) + before);
      alone ||= end === start + character;
    });
    if (!alone) offer(start, start + character, unknown.id ?? refuseUnknown(word, start), unknown.score + before);
    start += character;
  }
  return { starts, ids };
}

/** @returns flat [id, start, end, …], in order */
function backtrack(
  word: string,
  { starts, ids }: Paths,
  vocabulary: ReadonlyMap<string, number>,
  unknown: number | undefined,
): number[] {
  const ranges: number[] = []; // from the end: end, start, end, start, …
  let fusing = false;
  for (let end = word.length; end > 0; end = starts[end] as number) {
    const isUnknown = ids[end] === unknown;
    if (isUnknown && fusing) ranges[ranges.length - 1] = starts[end] as number;
    else ranges.push(end, starts[end] as number);
    fusing = isUnknown;
  }
  const pieces: number[] = [];
  for (let i = ranges.length - 2; i >= 0; i -= 2) {
    const [end, start] = [ranges[i] as number, ranges[i + 1] as number];
    pieces.push(vocabulary.get(word.slice(start, end)) ?? (unknown as number), start, end);
  }
  return pieces;
}

function refuseUnknown(word: string, at: number): never {
  throw new InputError({
    code: "text.tokenizer.unknown",
    at: "text.encode",
    problem: `the vocabulary has neither ${JSON.stringify(String.fromCodePoint(word.codePointAt(at) as number))} nor an unknown token`,
    wanted: "Wanted a tokenizer.json whose model has unk_id",
  });
}
