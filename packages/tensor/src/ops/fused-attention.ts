import * as tf from "@tensorflow/tfjs-core";
import type { AttentionOptions } from "./attention.ts";
import { type AttentionShape, merge, split } from "./attention-shape.ts";
import { differentiable } from "./differentiable.ts";
import { isActive } from "./dropout.ts";
import { fusedDropout, fusedSoftmax, fusedSoftmaxGradient } from "./fused.ts";
import { batchProduct } from "./matrix-product.ts";
import { siteSeed } from "./stateless-mask.ts";

/** Attention by the native build's softmax: scale, bias, softmax and dropout in one pass each way. */
export function fusedAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  { bias, dropout }: AttentionOptions,
  shape: AttentionShape,
): tf.Tensor {
  const { batch, heads, queries, keys, scale } = shape;
  const rate = dropout !== undefined && isActive(dropout) ? dropout.rate : 0;
  const seed = dropout !== undefined && rate > 0 ? siteSeed(dropout.context.key, dropout.site) : tf.zeros([2], "int32");
  const added = bias ?? tf.zeros([1, 1, 1, keys]);
  const flat = (x: tf.Tensor): tf.Tensor3D => tf.reshape(x, [batch * heads, queries, keys]);
  return differentiable(
    { query, key, value, seed },
    (save) => {
      const [q, k, v] = [split(query, shape), split(key, shape), split(value, shape)];
      const scores = tf.reshape(batchProduct(q, k, { b: true }), [batch, heads, queries, keys]);
      const weights = flat(fusedSoftmax(scores, added, scale));
      save(q, k, v, weights, seed);
      const used = rate > 0 ? (fusedDropout(weights, rate, seed) as tf.Tensor3D) : weights;
      return merge(batchProduct(used, v), shape);
    },
    (dy, saved) => {
      const [q, k, v, weights, drawn] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor];
      const dOutput = split(dy, shape); // [B*A, Tq, D]
      const dScores = tf.tidy(() => {
        const dUsed = batchProduct(dOutput, v, { b: true });
        return fusedSoftmaxGradient(weights, dUsed, drawn, scale, rate) as tf.Tensor3D;
      }); // [B*A, Tq, Tk], by the unscaled scores
      return {
        query: () => merge(batchProduct(dScores, k), shape),
        key: () => merge(batchProduct(dScores, q, { a: true }), shape),
        value: () => {
          const used = rate > 0 ? (fusedDropout(weights, rate, drawn) as tf.Tensor3D) : weights;
          return merge(batchProduct(used, dOutput, { a: true }), shape);
        },
      };
    },
  );
}
