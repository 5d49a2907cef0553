import type { Encoding } from "../encoding.ts";

/** What a sentence and its translation in one row are told apart by, int32 [T] each. */
export interface TranslationLayout {
  /** From `firstPosition` on in both halves. */
  readonly positionIds: Int32Array;
  /** 0 in the first half, 1 in the second: rows of a table of languages. */
  readonly languages: Int32Array;
}

/**
 * Lays a text and its translation out: positions begin anew with the second half. A special token that closes the first
 * sequence belongs to it, one that opens the second to that.
 *
 * @param encoding of a text and its pair
 * @param firstPosition position of a sequence's first piece in the model's family
 * @source Lample and Conneau, NeurIPS 2019 (XLM), section 3.4
 */
export function translationLayout(encoding: Encoding, firstPosition: number): TranslationLayout {
  const { sequenceIds } = encoding;
  const length = sequenceIds.length;
  const opens = sequenceIds.indexOf(1);
  const secondFrom = opens === -1 ? length : Math.min(opens, sequenceIds.lastIndexOf(0) + 2);
  return {
    positionIds: Int32Array.from({ length }, (_, i) => firstPosition + (i < secondFrom ? i : i - secondFrom)),
    languages: Int32Array.from({ length }, (_, i) => Number(i >= secondFrom)),
  };
}
