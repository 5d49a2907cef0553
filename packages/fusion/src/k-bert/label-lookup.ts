import type { Graph } from "@kgraft/kg";
import type { Encoding, TextExample } from "@kgraft/text";

/** A run of words that is a label of the graph. */
export interface LabelOccurrence {
  /** Heads of triples with this label, in the graph's order. */
  readonly entities: readonly string[];
  /** At least one, ascending. */
  readonly pieces: readonly number[];
}

/** Pieces of the text that belong to one word of the tokenizer. */
interface Word {
  readonly pieces: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * Finds every occurrence of a label in a text, word by word (in Chinese character by character); of several that start
 * together the longest is taken, and none overlap.
 *
 * @source Official code: pkuseg with the graph's subjects as its dictionary, then exact keys. Differs: the longest label
 *   stands for the segmenter's choice
 */
export class LabelLookup {
  readonly #entities: ReadonlyMap<string, readonly string[]>;
  readonly #longest: number;

  private constructor(entities: ReadonlyMap<string, readonly string[]>) {
    this.#entities = entities;
    let longest = 0;
    for (const label of entities.keys()) longest = Math.max(longest, label.length);
    this.#longest = longest;
  }

  /**
   * Reads the labels of all heads of a graph's triples.
   *
   * @param relations ids of the relations that count; absent: all
   */
  static async of(graph: Graph, relations: readonly string[] | undefined): Promise<LabelLookup> {
    const heads = new Set<string>();
    for await (const { head, relation } of graph.triples())
      if (relations?.includes(relation) !== false) heads.add(head);
    const entities = new Map<string, string[]>();
    for await (const { id, label } of graph.entities()) {
      if (!heads.has(id)) continue;
      const same = entities.get(label);
      if (same === undefined) entities.set(label, [id]);
      else same.push(id);
    }
    return new LabelLookup(entities);
  }

  /** The occurrences in both texts of an example, by start. */
  find({ text, pair }: TextExample, encoding: Encoding): readonly LabelOccurrence[] {
    return [text, pair ?? ""].flatMap((sequence, which) => this.#findIn(sequence, wordsOf(encoding, which)));
  }

  #findIn(text: string, words: readonly Word[]): readonly LabelOccurrence[] {
    const found: LabelOccurrence[] = [];
    for (let first = 0; first < words.length; ) {
      const count = this.#longestAt(text, words, first);
      const run = words.slice(first, first + count);
      const entities = this.#entities.get(surface(text, run));
      if (entities !== undefined) found.push({ entities, pieces: run.flatMap(({ pieces }) => pieces) });
      first += Math.max(1, count);
    }
    return found;
  }

  /** Words of the longest label that starts at a word; 0 where none does. */
  #longestAt(text: string, words: readonly Word[], first: number): number {
    let longest = 0;
    for (let count = 1; first + count <= words.length; count++) {
      const run = surface(text, words.slice(first, first + count));
      if (run.length > this.#longest) break;
      if (this.#entities.has(run)) longest = count;
    }
    return longest;
  }
}

function surface(text: string, words: readonly Word[]): string {
  return text.slice(words[0]?.start ?? 0, words.at(-1)?.end ?? 0);
}

function wordsOf({ sequenceIds, wordIds, starts, ends }: Encoding, sequence: number): readonly Word[] {
  const words: { pieces: number[]; start: number; end: number }[] = [];
  let last = -1;
  for (let piece = 0; piece < sequenceIds.length; piece++) {
    if (sequenceIds[piece] !== sequence) continue;
    const [start, end] = [starts[piece] as number, ends[piece] as number];
    const open = words.at(-1);
    if (open !== undefined && wordIds[piece] === last) {
      open.pieces.push(piece);
      open.end = end;
    } else words.push({ pieces: [piece], start, end });
    last = wordIds[piece] as number;
  }
  return words;
}
