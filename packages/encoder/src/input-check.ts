import { InputError } from "@kgraft/runtime";
import type { EncoderConfig } from "./contract.ts";
import { familyOf } from "./families/families.ts";

/** The position of a sequence's first piece: RoBERTa's table has rows that no token uses. */
export function firstPosition(config: EncoderConfig): number {
  return familyOf(config.modelType).positions === "after-padding" ? config.padTokenId + 1 : 0;
}

/** The most pieces, special tokens included, that a sequence may have. */
export function maxLength(config: EncoderConfig): number {
  return config.maxPositions - firstPosition(config);
}

/**
 * Refuses a batch that would read past a table; called on the host, where batches are made, since backends differ in what
 * they give there.
 *
 * @param batch.length pieces of the longest row; its highest positions are the family's own
 * @param batch.maxId the largest piece id
 * @param batch.maxPosition the largest explicit position id, where there are any: the length is then not looked at
 * @param batch.maxTypeId the largest type id, where there are any
 * @param at what the batch was made from, for the error
 * @throws InputError `encoder.input.…`
 */
export function checkInput(
  config: EncoderConfig,
  batch: {
    readonly length: number;
    readonly maxId: number;
    readonly maxPosition?: number;
    readonly maxTypeId?: number;
  },
  at = "encoder.input",
): void {
  const { length, maxId, maxPosition, maxTypeId } = batch;
  const limit = maxLength(config);
  if (maxPosition === undefined && length > limit) {
    throw new InputError({
      code: "encoder.input.length",
      at,
      problem: `a row of ${length} pieces`,
      wanted: `The model takes at most ${limit}`,
      fix: `Set the length limit to ${limit} or less`,
    });
  }
  const check = (what: string, value: number | undefined, rows: number, fix: string) => {
    if (value === undefined || (value >= 0 && value < rows)) return;
    const problem = `${what} ${value} is outside a table of ${rows} rows`;
    throw new InputError({ code: `encoder.input.${what.split(" ")[0]}`, at, problem, fix });
  };
  check("piece id", maxId, config.vocabularySize, "Use the tokenizer that the model was trained with");
  check("position id", maxPosition, config.maxPositions, "Shorten the text or its injected branches");
  if (config.typeVocabularySize > 0)
    check("type id", maxTypeId, config.typeVocabularySize, "Use one segment, or a model with more token types");
}
