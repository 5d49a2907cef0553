import type { AlignedText } from "./aligned-text.ts";

/** Rewrites text before it is split, keeping track of where each character came from. */
export interface Normalizer {
  normalize(source: AlignedText): AlignedText;
  readonly local: Locality;
}

/**
 * Where text may be cut before it is normalised, with the same result: at ASCII white space and punctuation, only at spaces
 * between words, or nowhere.
 */
export type Locality = "ascii" | "words" | "none";

/** Splits normalised text into words, the units that the model cuts into pieces. */
export interface PreTokenizer {
  /**
   * Non-empty words in order.
   *
   * @param offset where the text's first unit stands in the whole
   */
  split(text: AlignedText, offset: number): readonly AlignedText[];
  /**
   * Cuts source text into ranges that may be normalised and split apart, whatever stands around them; what lies
   * between the ranges holds no word. Absent: text is only ever split as a whole.
   */
  readonly cut?: ((text: string, visit: (start: number, end: number) => void) => void) | undefined;
  /** Whether it cuts at spaces between words alone. */
  readonly cutsWords?: boolean;
}

/** Cuts a word into pieces of the vocabulary. */
export interface Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownToken: string | undefined;
  /** @returns flat [id, start, end, …], offsets in UTF-16 units of the word */
  tokenize(word: string): readonly number[];
}

/** A part of a template: special tokens, or one of the sequences. */
export type TemplateItem =
  | { readonly kind: "special"; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: "sequence"; readonly sequence: 0 | 1; readonly typeId: number };

/** What stands around the sequences once they are cut into pieces. */
export interface Template {
  readonly single: readonly TemplateItem[];
  readonly pair: readonly TemplateItem[];
  /** Offsets leave out white space at a piece's ends (byte-level models). */
  readonly trimOffsets?: { readonly addPrefixSpace: boolean } | undefined;
}
