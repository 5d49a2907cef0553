import { TokenScanner } from "./text-tokens.ts";
import type { TokenTable } from "./token-table.ts";

/** The trie's key of a token: its number, and whether white space stands before it (not counted for the first). */
export function keyOf(number: number, spaced: boolean): number {
  return 2 * number + (spaced ? 1 : 0);
}

/** Turns aliases into sequences of trie keys. */
export class TextTokenizer {
  readonly #scanner = new TokenScanner();
  readonly #table: TokenTable;

  constructor(table: TokenTable) {
    this.#table = table;
  }

  keysOf(alias: string): number[] {
    const scanner = this.#scanner;
    scanner.scan(alias);
    const keys: number[] = [];
    let afterSpace = false;
    for (let i = 0; i < scanner.count; i++) {
      const folded = this.#table.fold(alias.slice(scanner.starts[i], scanner.ends[i]));
      afterSpace ||= scanner.gaps[i] !== 0;
      if (folded === "") continue;
      keys.push(keyOf(this.#table.intern(folded), keys.length > 0 && afterSpace));
      afterSpace = false;
    }
    return keys;
  }
}
