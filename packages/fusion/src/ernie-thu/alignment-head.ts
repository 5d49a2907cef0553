import { type Loss, ops, type TensorBatch, tf } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { FusionHead, SeamInput } from "../contract.ts";
import { arrays } from "./collate.ts";
import { headParameters, headPrefix, type Sizes } from "./parameters.ts";

/** Added to a padding candidate's logit: its share of the softmax is 0. */
const never = -1e9;

/** Denoising entity alignment: which candidate entity belongs to each aligned piece, corrupted or not? */
export function alignmentHead(sizes: Sizes, layerNormEpsilon: number): FusionHead {
  return {
    parameters: headParameters(sizes).specs,
    loss: (hidden, _stream, at) => alignmentLoss(hidden, at, layerNormEpsilon),
  };
}

/**
 * `cross-entropy(LN(gelu(W h + b)) · candidatesᵀ)` over all aligned pieces, from the last word states.
 *
 * Logits are computed at aligned pieces only. "No entity" is candidate 0, a zero vector: never right, yet in the softmax.
 *
 * @param hidden float32 [B, T, H]
 * @source Zhang et al., ACL 2019, equation 6. Differs as the official code does: a transform with gelu and LayerNorm
 *   instead of one linear map
 */
function alignmentLoss(hidden: tf.Tensor, at: SeamInput, epsilon: number): Loss {
  const { weights, batch } = at;
  const read = (name: string): tf.Tensor => arrayOf(batch, name);
  const [rows, length, size] = hidden.shape as [number, number, number];
  const flat = tf.reshape(hidden, [rows * length, size]); // [B*T, H]
  const aligned = ops.embedding(flat, read(arrays.alignedPositions)); // [M, H]
  const projected = ops.linear(
    aligned,
    weights.get(`${headPrefix}/transform/kernel`),
    weights.get(`${headPrefix}/transform/bias`),
  ); // [M, E]
  const transformed = ops.layerNorm(
    ops.gelu(projected),
    weights.get(`${headPrefix}/norm/gain`),
    weights.get(`${headPrefix}/norm/bias`),
    epsilon,
  );
  return ops.softmaxCrossEntropy(
    candidateLogits(transformed, batch),
    read(arrays.alignedLabels),
    read(arrays.alignedWeights),
  );
}

/** float32 [M, E] to [M, C]: `x · candidatesᵀ`, over the whole table where the batch lists none. */
function candidateLogits(x: tf.Tensor, batch: TensorBatch): tf.Tensor {
  const table = arrayOf(batch, arrays.entityVectors); // [N + 1, E]
  const listed = batch[arrays.candidates];
  if (listed === undefined) return tf.matMul(x, table, false, true);
  const padding = tf.mul(tf.sub(1, tf.cast(arrayOf(batch, arrays.candidateMask), "float32")), never); // [C]
  return tf.add(tf.matMul(x, ops.embedding(table, listed), false, true), padding);
}
