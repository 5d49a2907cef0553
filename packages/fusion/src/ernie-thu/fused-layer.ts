import type { Block, Stream } from "@kgraft/encoder";
import { ops, tf } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { SeamInput } from "../contract.ts";
import { arrays } from "./collate.ts";
import { layerPrefix } from "./parameters.ts";

/** What a fused layer needs to know beside its weights. */
export interface FusedLayerSettings {
  readonly kind: "mix" | "norm";
  readonly entityHeads: number;
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  readonly layerNormEpsilon: number;
  /** Whether a layer above still reads the entity stream; otherwise it is not computed. */
  readonly entityRead: boolean;
}

/**
 * Runs one fused layer. With `a` the word side after attention and `m` the entity mask, position by position:
 * `c = m · entities` (mix) or `c = m · LN(D(Wo attention(entities)) + entities)` (norm), then
 * `z = gelu(W1 a + b1 + We c + be)`, `h' = LN(D(W2 z + b2) + a)`, `entities' = LN(D(Ve z + ve) + c)`.
 *
 * @param stream `hidden` float32 [B, T, H], `side.entity` float32 [B, T, E]
 * @source Zhang et al., ACL 2019, equations 3 to 5, as the official code has them: both streams keep a residual and a
 *   LayerNorm, there is no activation behind `z`, and `be` is added at every position, entity or not. So a text without
 *   entities is not plain BERT
 */
export function fuseLayer(stream: Stream, block: Block, at: SeamInput, settings: FusedLayerSettings): Stream {
  const prefix = layerPrefix(block.index);
  const mask = tf.expandDims(tf.cast(arrayOf(at.batch, arrays.entityMask), "float32"), -1); // [B, T, 1]
  const entities = stream.side.entity as tf.Tensor; // [B, T, E]
  const attended = block.attend(stream); // [B, T, H]
  const attendedEntities = settings.kind === "mix" ? entities : attendEntities(entities, prefix, at, settings);
  const kept = tf.mul(attendedEntities, mask); // [B, T, E]
  const inner = block.activate(tf.add(block.up(attended), linear(kept, `${prefix}/up`, at))); // [B, T, I]
  const hidden = block.down(inner, attended); // [B, T, H]
  if (!settings.entityRead) return { ...stream, hidden };
  const entity = residualNorm(linear(inner, `${prefix}/down`, at), kept, prefix, at, settings); // [B, T, E]
  return { ...stream, hidden, side: { ...stream.side, entity } };
}

/** Lets entities attend to each other: keys are the positions of the entity mask, queries are all. */
function attendEntities(entities: tf.Tensor, prefix: string, at: SeamInput, settings: FusedLayerSettings): tf.Tensor {
  const own = `${prefix}/attention`;
  const keys = tf.expandDims(arrayOf(at.batch, arrays.entityMask), 1); // [B, 1, T]
  const context = ops.attention(
    linear(entities, `${own}/query`, at),
    linear(entities, `${own}/key`, at),
    linear(entities, `${own}/value`, at),
    {
      heads: settings.entityHeads,
      bias: ops.visibleBias(keys),
      dropout: { rate: settings.attentionDropout, context: at.context, site: `${own}/probabilities` },
    },
  ); // [B, T, E]
  return residualNorm(linear(context, `${own}/output`, at), entities, own, at, settings);
}

/** `LN(dropout(x) + residual)` with the norm that stands under a prefix. */
function residualNorm(
  x: tf.Tensor,
  residual: tf.Tensor,
  prefix: string,
  { weights, context }: SeamInput,
  { hiddenDropout, layerNormEpsilon }: FusedLayerSettings,
): tf.Tensor {
  return ops.dropoutResidualNorm(
    x,
    residual,
    weights.get(`${prefix}/norm/gain`),
    weights.get(`${prefix}/norm/bias`),
    layerNormEpsilon,
    hiddenDropout,
    context,
    `${prefix}/output`,
  );
}

function linear(x: tf.Tensor, name: string, { weights }: SeamInput): tf.Tensor {
  return ops.linear(x, weights.get(`${name}/kernel`), weights.get(`${name}/bias`));
}
