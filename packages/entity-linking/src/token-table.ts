import { foldToken } from "./fold.ts";

/** Finds the base forms of an inflected word. */
export interface Lemmatizer {
  /** Base forms that the word may be a form of, in any order; none where it knows none. */
  lemmas(word: string, partOfSpeech?: "noun" | "verb" | "adj" | "adv"): readonly string[];
}

/** What a token of text may stand for. */
export interface TokenForms {
  /** Numbers of the forms that aliases hold: the token's own first, then its lemmas'. Empty: no alias holds it. */
  readonly numbers: readonly number[];
  /** Letters and digits; 0 for a sign. */
  readonly letters: number;
  /** Whether nothing is left of it: it holds only signs without width. */
  readonly empty: boolean;
}

const mostCachedTokens = 1 << 17;
const notLetters = /[^\p{L}\p{N}]/gu;

/** Numbers the folded tokens of aliases, and finds those that a token of text may stand for. */
export class TokenTable {
  readonly #numbers = new Map<string, number>();
  readonly #cache = new Map<string, TokenForms>();
  readonly #accents: boolean;
  readonly #lemmasOf: (word: string) => readonly string[];

  /**
   * @param accents see {@link foldToken}
   * @param lemmasOf further forms of a folded token of text
   */
  constructor(accents: boolean, lemmasOf: (word: string) => readonly string[]) {
    this.#accents = accents;
    this.#lemmasOf = lemmasOf;
  }

  fold(token: string): string {
    return foldToken(token, this.#accents);
  }

  /** The number of a folded token, given where it is new. */
  intern(folded: string): number {
    const known = this.#numbers.get(folded);
    if (known !== undefined) return known;
    this.#numbers.set(folded, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** What a token of text stands for; to be asked once all aliases are in. */
  find(token: string): TokenForms {
    const known = this.#cache.get(token);
    if (known !== undefined) return known;
    if (this.#cache.size >= mostCachedTokens) this.#cache.clear();
    const forms = this.#formsOf(token);
    this.#cache.set(token, forms);
    return forms;
  }

  #formsOf(token: string): TokenForms {
    const folded = this.fold(token);
    const forms = new Set([folded, ...this.#lemmasOf(folded).map((lemma) => this.fold(lemma))]);
    const numbers = [...forms].map((form) => this.#numbers.get(form)).filter((number) => number !== undefined);
    return { numbers, letters: [...folded.replace(notLetters, "")].length, empty: folded === "" };
  }
}
