import { RunError } from "@kgraft/runtime";
import { ops, type StepContext, tf, type Weights } from "@kgraft/tensor";
import type { EncoderConfig, EncoderInput } from "./contract.ts";
import type { Family } from "./families/family.ts";
import { layerNorm, linear } from "./layers.ts";
import { projectionOf } from "./parameters.ts";

/**
 * Looks up and sums word, type and position vectors: LayerNorm, dropout and, where the tables are narrower, a projection.
 *
 * @returns float32 [B, T, H]
 * @throws RunError `encoder.embeddings.length` where the family counts positions and T exceeds its table
 */
export function embed(
  family: Family,
  config: EncoderConfig,
  weights: Weights,
  input: EncoderInput,
  context: StepContext,
): tf.Tensor {
  const { names, prefix } = family;
  const table = (stem: string) => weights.get(`${prefix}${stem}.weight`);
  let sum = ops.embedding(table(names.words), input.ids); // [B, T, E]
  if (config.typeVocabularySize > 0) sum = tf.add(sum, typeVectors(table(names.types), input));
  sum = tf.add(sum, positionVectors(family, config, table(names.positions), input));
  const normed = layerNorm(weights, prefix + names.norm, sum, config);
  const dropped = ops.dropout(normed, config.hiddenDropout, context, "encoder/embeddings");
  const projection = projectionOf(family, config);
  return projection === undefined ? dropped : linear(weights, prefix + projection, dropped); // [B, T, H]
}

function typeVectors(table: tf.Tensor, input: EncoderInput): tf.Tensor {
  return input.typeIds === undefined ? tf.slice(table, [0, 0], [1, -1]) : ops.embedding(table, input.typeIds); // [1, E] or [B, T, E]
}

function positionVectors(family: Family, config: EncoderConfig, table: tf.Tensor, input: EncoderInput): tf.Tensor {
  if (input.positionIds !== undefined) return ops.embedding(table, input.positionIds); // [B, T, E]
  if (family.positions === "after-padding")
    return ops.embedding(table, positionsAfterPadding(input.ids, config.padTokenId));
  const length = input.ids.shape[1] as number;
  if (length > config.maxPositions) {
    throw new RunError({
      code: "encoder.embeddings.length",
      at: "encoder.embed",
      problem: `${length} pieces in a row, but the position table has ${config.maxPositions} rows`,
      fix: "Cut texts to the model's limit where batches are made",
    });
  }
  return tf.slice(table, [0, 0], [length, -1]); // [T, E]
}

/**
 * Counts real tokens from padId + 1 on; padding has padId.
 *
 * @param ids int32 [B, T]
 * @returns int32 [B, T]
 * @source RoBERTa in `transformers`: computed from the ids, not from the mask
 */
function positionsAfterPadding(ids: tf.Tensor, padId: number): tf.Tensor {
  const padding = tf.scalar(padId, "int32");
  const real = tf.cast(tf.notEqual(ids, padding), "int32");
  return tf.add(tf.mul(tf.cumsum(real, 1), real), padding);
}
