import { PairQueue } from "./pair-queue.ts";

const continuing = "##";
/** Ids stay below it, so that two fit into one exact number. */
const idLimit = 2 ** 26;

/**
 * Joins the most frequent pair of neighbouring pieces into a new one, again and again.
 *
 * @param pieces what the vocabulary holds so far, by id; grows up to `size`
 * @param counts words and how often they stand in the corpus; their characters are pieces already, `##` before all but
 *   the first, or the word is left out
 */
export function mergeWords(
  pieces: string[],
  counts: ReadonlyMap<string, number>,
  size: number,
  minFrequency: number,
): void {
  const idOf = new Map(pieces.map((piece, id) => [piece, id] as const));
  const words = cutToCharacters(counts, idOf);
  const pairs = new PairCounts();
  for (const [index, { ids, count }] of words.entries()) pairs.addWord(ids, count, index);
  pairs.flush();
  while (pieces.length < size) {
    const top = pairs.pop();
    if (top === undefined || top.count < Math.max(1, minFrequency)) return;
    const [left, right] = [Math.floor(top.key / idLimit), top.key % idLimit];
    const joined = `${pieces[left]}${(pieces[right] as string).slice(continuing.length)}`;
    const known = idOf.get(joined);
    const id = known ?? pieces.push(joined) - 1;
    if (known === undefined) idOf.set(joined, id);
    for (const index of pairs.wordsOf(top.key)) {
      const word = words[index] as Word;
      pairs.addWord(word.ids, -word.count, index);
      word.ids = joinPair(word.ids, left, right, id);
      pairs.addWord(word.ids, word.count, index);
    }
    pairs.flush();
  }
}

interface Word {
  ids: readonly number[];
  readonly count: number;
}

function cutToCharacters(counts: ReadonlyMap<string, number>, idOf: ReadonlyMap<string, number>): Word[] {
  const words: Word[] = [];
  for (const [word, count] of counts) {
    const ids = Array.from(word, (character, i) => idOf.get(i === 0 ? character : continuing + character));
    if (ids.every((id) => id !== undefined)) words.push({ ids, count });
  }
  return words;
}

function joinPair(ids: readonly number[], left: number, right: number, joined: number): number[] {
  const next: number[] = [];
  for (let i = 0; i < ids.length; i++)
    if (ids[i] === left && ids[i + 1] === right) {
      next.push(joined);
      i++;
    } else next.push(ids[i] as number);
  return next;
}

/** How often each pair stands in the words, and where. */
class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #words = new Map<number, Set<number>>();
  readonly #queue = new PairQueue();
  readonly #changed = new Set<number>();

  /** Adds a word's pairs; a negative count takes them away. */
  addWord(ids: readonly number[], count: number, index: number): void {
    for (let i = 1; i < ids.length; i++) {
      const key = (ids[i - 1] as number) * idLimit + (ids[i] as number);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
      this.#changed.add(key);
      if (count < 0) continue;
      const words = this.#words.get(key);
      if (words === undefined) this.#words.set(key, new Set([index]));
      else words.add(index);
    }
  }

  /** Queues what changed since. */
  flush(): void {
    for (const key of this.#changed) {
      const count = this.#counts.get(key) ?? 0;
      if (count > 0) this.#queue.push({ key, count });
    }
    this.#changed.clear();
  }

  /** The most frequent pair; entries that were overtaken are passed over. */
  pop(): { readonly key: number; readonly count: number } | undefined {
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop())
      if (this.#counts.get(top.key) === top.count) return top;
    return undefined;
  }

  /** Words that have held a pair; it is forgotten. */
  wordsOf(key: number): Iterable<number> {
    const words = this.#words.get(key) ?? [];
    this.#words.delete(key);
    return words;
  }
}
