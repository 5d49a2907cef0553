import * as tf from "@tensorflow/tfjs-core";
import type { AttentionOptions } from "./attention.ts";
import type { AttentionShape } from "./attention-shape.ts";
import { differentiable } from "./differentiable.ts";
import { isActive } from "./dropout.ts";
import { fusedAttentionGradients, fusedAttentionOutput } from "./fused.ts";
import { siteSeed } from "./stateless-mask.ts";

/** Attention by the native build's kernel: heads are not moved apart and no weights are kept; they are computed again for gradients. */
export function fusedAttention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  { bias, dropout }: AttentionOptions,
  { heads, keys, scale }: AttentionShape,
): tf.Tensor {
  const rate = dropout !== undefined && isActive(dropout) ? dropout.rate : 0;
  const seed = dropout !== undefined && rate > 0 ? siteSeed(dropout.context.key, dropout.site) : tf.zeros([2], "int32");
  const added = bias ?? tf.zeros([1, 1, 1, keys]);
  const settings = { heads, scale, rate };
  return differentiable(
    { query, key, value, seed },
    (save) => {
      save(query, key, value, added, seed);
      return fusedAttentionOutput([query, key, value, added, seed], settings);
    },
    (dy, saved) => {
      const inputs = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const { query: dq, key: dk, value: dv } = fusedAttentionGradients(inputs, dy, settings);
      return { query: () => dq, key: () => dk, value: () => dv };
    },
  );
}
