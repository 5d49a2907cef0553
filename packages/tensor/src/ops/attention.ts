import * as tf from "@tensorflow/tfjs-core";
import { type AttentionShape, checkShapes, merge, split } from "./attention-shape.ts";
import { differentiable } from "./differentiable.ts";
import { type Dropout, isActive } from "./dropout.ts";
import { hasFusedOps } from "./fused.ts";
import { fusedAttention } from "./fused-attention.ts";
import { batchProduct } from "./matrix-product.ts";
import { siteSeed, statelessMask } from "./stateless-mask.ts";

/** How attention is computed. */
export interface AttentionOptions {
  /** A; divides H. */
  readonly heads: number;
  /** float32 [B, 1|A, 1|Tq, Tk], added to the scores; see `visibleBias`. It has no gradient here. */
  readonly bias?: tf.Tensor | undefined;
  /** Dropout of the attention weights. */
  readonly dropout?: Dropout | undefined;
}

/**
 * Computes `softmax(Q Kᵀ / √D + bias) V` for each of A heads of size D = H / A.
 *
 * @param query float32 [B, Tq, H]
 * @param key   float32 [B, Tk, H]
 * @param value float32 [B, Tk, H]
 * @returns float32 [B, Tq, H], the heads side by side
 * @throws RunError `tensor.shape` where the shapes do not fit
 * @source Vaswani et al., NeurIPS 2017, §3.2
 */
export function attention(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, options: AttentionOptions): tf.Tensor {
  const shape = checkShapes(query, key, value, options);
  if (hasFusedOps()) return fusedAttention(query, key, value, options, shape);
  const { bias } = options;
  return differentiable(
    { query, key, value },
    (save) => {
      const q = tf.mul(split(query, shape), shape.scale) as tf.Tensor3D;
      const k = split(key, shape);
      const v = split(value, shape);
      const weights = attentionWeights(q, k, bias, shape);
      const mask = dropoutMask(weights, options.dropout);
      const output = batchProduct(mask === undefined ? weights : tf.mul(weights, mask), v);
      save(...(mask === undefined ? [q, k, v, weights, output] : [q, k, v, weights, output, mask]));
      return merge(output, shape);
    },
    (dy, saved) => backward(dy, saved, shape),
  );
}

/** With P̃ = mask ∘ P the weights used: Σ P ∘ dP along a row is Σ dO ∘ O, so that no T x T product is formed for it. */
function backward(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  shape: AttentionShape,
): Record<"query" | "key" | "value", () => tf.Tensor> {
  const [q, k, v, weights, output] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const mask = saved[5];
  const dOutput = split(dy, shape); // [B*A, Tq, D]
  const dScores = tf.tidy(() => {
    const dUsed = batchProduct(dOutput, v, { b: true }); // [B*A, Tq, Tk]
    const dWeights = mask === undefined ? dUsed : tf.mul(dUsed, mask);
    return tf.mul(weights, tf.sub(dWeights, tf.sum(tf.mul(dOutput, output), -1, true))) as tf.Tensor3D;
  });
  return {
    query: () => merge(tf.mul(batchProduct(dScores, k), shape.scale) as tf.Tensor3D, shape),
    key: () => merge(batchProduct(dScores, q, { a: true }), shape),
    value: () => {
      const used = (mask === undefined ? weights : tf.mul(weights, mask)) as tf.Tensor3D;
      return merge(batchProduct(used, dOutput, { a: true }), shape);
    },
  };
}

function attentionWeights(
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  bias: tf.Tensor | undefined,
  { batch, heads, queries, keys }: AttentionShape,
): tf.Tensor3D {
  const scores = batchProduct(q, k, { b: true }); // [B*A, Tq, Tk]
  if (bias === undefined) return tf.softmax(scores);
  const biased = tf.add(tf.reshape(scores, [batch, heads, queries, keys]), bias);
  return tf.reshape(tf.softmax(biased), scores.shape);
}

function dropoutMask(weights: tf.Tensor3D, drop: Dropout | undefined): tf.Tensor | undefined {
  if (drop === undefined || !isActive(drop)) return undefined;
  return statelessMask(weights.shape, drop.rate, siteSeed(drop.context.key, drop.site));
}
