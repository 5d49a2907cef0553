import type { AliasIndex } from "./alias-index.ts";
import { breakBefore, spaceBefore, TokenScanner } from "./text-tokens.ts";
import { keyOf } from "./token-keys.ts";
import type { TokenForms, TokenTable } from "./token-table.ts";
import { root } from "./token-trie.ts";

/** A place in a text where aliases stand. */
export interface Found {
  /** UTF-16 units, half-open. */
  readonly start: number;
  readonly end: number;
  /** Aliases that match exactly this span, several where lemmas lead to several. */
  readonly aliases: readonly number[];
}

/**
 * Finds aliases in text, leftmost and then longest, so that no two overlap. Each token may stand for its own form or
 * for a lemma; a match starts and ends at token boundaries.
 */
export class MentionFinder {
  readonly #index: AliasIndex;
  readonly #table: TokenTable;
  readonly #minLetters: number;
  readonly #scanner = new TokenScanner();
  #text = "";
  #forms: TokenForms[] = [];
  #start = 0;
  #lastToken = -1;
  #aliases: number[] = [];

  /** @param minLetters fewest letters and digits of a mention as it stands in the text */
  constructor(index: AliasIndex, table: TokenTable, minLetters: number) {
    this.#index = index;
    this.#table = table;
    this.#minLetters = minLetters;
  }

  find(text: string): Found[] {
    this.#read(text);
    const found: Found[] = [];
    for (let i = 0; i < this.#forms.length; i++) {
      if (this.#forms[i]?.numbers.length === 0) continue;
      this.#start = i;
      this.#lastToken = -1;
      this.#walk(root, i, 0);
      if (this.#lastToken < 0) continue;
      const [start, end] = [this.#scanner.starts[i] as number, this.#scanner.ends[this.#lastToken] as number];
      found.push({ start, end, aliases: this.#aliases });
      i = this.#lastToken;
    }
    return found;
  }

  /** Reads the tokens of a text; those of which nothing is left are put together with what stands around them. */
  #read(text: string): void {
    const scanner = this.#scanner;
    this.#text = text;
    scanner.scan(text);
    this.#forms.length = 0;
    let gap = 0;
    for (let i = 0; i < scanner.count; i++) {
      const forms = this.#table.find(text.slice(scanner.starts[i], scanner.ends[i]));
      gap = Math.max(gap, scanner.gaps[i] as number);
      if (forms.empty) continue;
      const place = this.#forms.push(forms) - 1;
      scanner.starts[place] = scanner.starts[i] as number;
      scanner.ends[place] = scanner.ends[i] as number;
      scanner.gaps[place] = gap;
      gap = 0;
    }
  }

  /** Tries every form of token i below a node and goes on from each; keeps the aliases of the longest match. */
  #walk(node: number, i: number, letters: number): void {
    const forms = this.#forms[i];
    if (forms === undefined) return;
    const gap = i > this.#start ? this.#scanner.gaps[i] : 0;
    if (gap === breakBefore) return;
    const lettersSoFar = letters + forms.letters;
    for (const number of forms.numbers) {
      const child = this.#index.trie.child(node, keyOf(number, gap === spaceBefore));
      if (child < 0) continue;
      const alias = this.#index.trie.value(child);
      if (alias >= 0 && lettersSoFar >= this.#minLetters) this.#offer(alias, i);
      this.#walk(child, i + 1, lettersSoFar);
    }
  }

  #offer(alias: number, last: number): void {
    if (last < this.#lastToken) return;
    if (this.#index.onlyExact[alias] === 1 && !this.#isWritten(alias, last)) return;
    if (last === this.#lastToken) this.#aliases.push(alias);
    else {
      this.#lastToken = last;
      this.#aliases = [alias];
    }
  }

  /** Whether an alias that asks for its own writing has it here. */
  #isWritten(alias: number, last: number): boolean {
    const { offsets, writings, writingTexts } = this.#index;
    const surface = this.#text.slice(this.#scanner.starts[this.#start], this.#scanner.ends[last]);
    for (let entry = offsets[alias] as number; entry < (offsets[alias + 1] as number); entry++)
      if (writingTexts[writings[entry] as number] === surface) return true;
    return false;
  }
}
