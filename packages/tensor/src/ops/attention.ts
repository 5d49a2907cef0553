import * as tf from "@tensorflow/tfjs-core";
import { differentiable } from "./differentiable.ts";
import { type Dropout, isActive } from "./dropout.ts";
import { batchProduct } from "./matrix-product.ts";
import { checkShape } from "./shape-check.ts";
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

interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly size: number;
  readonly scale: number;
  readonly queries: number;
  readonly keys: number;
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

/** [B, T, H] to [B*A, T, D]. */
function split(x: tf.Tensor, { batch, heads, size }: AttentionShape): tf.Tensor3D {
  const tokens = x.shape[1] as number;
  const apart = tf.reshape(x, [batch, tokens, heads, size]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch * heads, tokens, size]);
}

/** [B*A, T, D] to [B, T, H]. */
function merge(x: tf.Tensor3D, { batch, heads, size }: AttentionShape): tf.Tensor3D {
  const tokens = x.shape[1];
  const apart = tf.reshape(x, [batch, heads, tokens, size]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}

function checkShapes(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, { heads, bias }: AttentionOptions): AttentionShape {
  checkShape("attention", "query", q, q.rank === 3, "[B, Tq, H]");
  const [batch, queries, width] = q.shape as [number, number, number];
  checkShape("attention", "query", q, width % heads === 0, `[B, Tq, H] with H a multiple of ${heads} heads`);
  const fits = k.rank === 3 && k.shape[0] === batch && k.shape[2] === width;
  checkShape("attention", "key", k, fits, `[${batch}, Tk, ${width}] = [B, Tk, H]`);
  const keys = k.shape[1] as number;
  checkShape("attention", "value", v, tf.util.arraysEqual(v.shape, k.shape), `[${k.shape.join(", ")}] as the key`);
  if (bias !== undefined) {
    const [b, a, tq, tk] = bias.shape;
    const ok =
      bias.rank === 4 &&
      (b === batch || b === 1) &&
      (a === 1 || a === heads) &&
      (tq === 1 || tq === queries) &&
      tk === keys;
    checkShape("attention", "bias", bias, ok, `[${batch}, 1|${heads}, 1|${queries}, ${keys}] = [B, 1|A, 1|Tq, Tk]`);
  }
  const size = width / heads;
  return { batch, heads, size, scale: 1 / Math.sqrt(size), queries, keys };
}
