import * as tf from "@tensorflow/tfjs-core";
import type { AttentionOptions } from "./attention.ts";
import { checkShape } from "./shape-check.ts";

/** The extents of one call; scale is 1 / √D. */
export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly size: number;
  readonly scale: number;
  readonly queries: number;
  readonly keys: number;
}

/** [B, T, H] to [B*A, T, D]. */
export function split(x: tf.Tensor, { batch, heads, size }: AttentionShape): tf.Tensor3D {
  const tokens = x.shape[1] as number;
  const apart = tf.reshape(x, [batch, tokens, heads, size]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch * heads, tokens, size]);
}

/** [B*A, T, D] to [B, T, H]. */
export function merge(x: tf.Tensor3D, { batch, heads, size }: AttentionShape): tf.Tensor3D {
  const tokens = x.shape[1];
  const apart = tf.reshape(x, [batch, heads, tokens, size]);
  return tf.reshape(tf.transpose(apart, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}

/** Checks the operands against each other. @throws RunError `tensor.shape` */
export function checkShapes(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads, bias }: AttentionOptions,
): AttentionShape {
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
