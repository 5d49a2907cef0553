import { TextTokenizer } from "./token-keys.ts";
import type { TokenTable } from "./token-table.ts";
import { TokenTrie } from "./token-trie.ts";

/** A name of more tokens than this is no mention of anything. */
const mostTokens = 200;

/** An alias of an entity as it goes into the index. */
export interface AliasEntry {
  /** Number of the entity in the order of the graph. */
  readonly entity: number;
  readonly alias: string;
  /** Evidence that the alias means the entity, ≥ 0; comparable between the entities of one alias. */
  readonly weight: number;
  /** Whether only text written exactly like the alias matches. */
  readonly exactWriting: boolean;
}

/** Entities by alias, in typed arrays: alias a has the entries [offsets[a], offsets[a + 1]). */
export interface AliasIndex {
  readonly trie: TokenTrie;
  readonly offsets: Int32Array;
  /** Ascending by rank of the entity's id within one alias. */
  readonly entities: Int32Array;
  readonly weights: Float64Array;
  /** Number of the writing that an entry asks for, or -1. */
  readonly writings: Int32Array;
  readonly writingTexts: readonly string[];
  /** 1 where every entry of the alias asks for a writing. */
  readonly onlyExact: Uint8Array;
  /** 1 where some entry of the alias asks for a writing. */
  readonly someExact: Uint8Array;
  /** Aliases that hold no token, or too many, and cannot be found. */
  readonly unusable: number;
}

/** Collects aliases from a stream and sorts them once at the end; the result does not depend on their order. */
export class AliasIndexBuilder {
  readonly #trie = new TokenTrie();
  readonly #tokenizer: TextTokenizer;
  readonly #entities: number[] = [];
  readonly #aliases: number[] = [];
  readonly #weights: number[] = [];
  readonly #writings: number[] = [];
  readonly #writingNumbers = new Map<string, number>();
  #aliasCount = 0;
  #unusable = 0;

  constructor(table: TokenTable) {
    this.#tokenizer = new TextTokenizer(table);
  }

  add({ entity, alias, weight, exactWriting }: AliasEntry): void {
    const keys = this.#tokenizer.keysOf(alias);
    if (keys.length === 0 || keys.length > mostTokens) {
      this.#unusable++;
      return;
    }
    const node = this.#trie.insert(keys);
    if (this.#trie.value(node) < 0) this.#trie.setValue(node, this.#aliasCount++);
    this.#entities.push(entity);
    this.#aliases.push(this.#trie.value(node));
    this.#weights.push(weight);
    this.#writings.push(exactWriting ? this.#writingNumber(alias.trim()) : -1);
  }

  /**
   * @param rank rank of an entity among all ids, so that order within an alias is that of ids
   * @param scale factor of each entity's weights
   */
  finish(rank: Int32Array, scale: (entity: number) => number): AliasIndex {
    const order = Int32Array.from(this.#aliases, (_, i) => i).sort(
      (a, b) => this.#aliasOf(a) - this.#aliasOf(b) || this.#rankOf(a, rank) - this.#rankOf(b, rank),
    );
    const offsets = new Int32Array(this.#aliasCount + 1);
    for (const alias of this.#aliases) offsets[alias + 1] = (offsets[alias + 1] as number) + 1;
    for (let i = 0; i < this.#aliasCount; i++) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
    const entities = order.map((i) => this.#entities[i] as number);
    const writings = order.map((i) => this.#writings[i] as number);
    return {
      trie: this.#trie,
      offsets,
      entities,
      weights: Float64Array.from(order, (i, at) => (this.#weights[i] as number) * scale(entities[at] as number)),
      writings,
      writingTexts: [...this.#writingNumbers.keys()],
      onlyExact: flagsOf(offsets, (from, to) => !writings.subarray(from, to).includes(-1)),
      someExact: flagsOf(offsets, (from, to) => writings.subarray(from, to).some((writing) => writing >= 0)),
      unusable: this.#unusable,
    };
  }

  #aliasOf(entry: number): number {
    return this.#aliases[entry] as number;
  }

  #rankOf(entry: number, rank: Int32Array): number {
    return rank[this.#entities[entry] as number] as number;
  }

  #writingNumber(writing: string): number {
    const known = this.#writingNumbers.get(writing);
    if (known !== undefined) return known;
    this.#writingNumbers.set(writing, this.#writingNumbers.size);
    return this.#writingNumbers.size - 1;
  }
}

/** One flag an alias, from the range of its entries. */
function flagsOf(offsets: Int32Array, holds: (from: number, to: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: offsets.length - 1 }, (_, alias) =>
    holds(offsets[alias] as number, offsets[alias + 1] as number) ? 1 : 0,
  );
}
