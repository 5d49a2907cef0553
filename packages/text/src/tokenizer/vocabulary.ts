import { z } from "zod";

/** `{piece: id}` of a tokenizer file, read as a map. */
export const vocabularySchema = z
  .custom<Readonly<Record<string, number>>>(isVocabulary, "wanted an object of pieces with their ids (whole numbers)")
  .transform((pieces) => new Map(Object.entries(pieces)));

function isVocabulary(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((id) => Number.isSafeInteger(id) && id >= 0)
  );
}
