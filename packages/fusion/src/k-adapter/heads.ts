import type { Stream } from "@kgraft/encoder";
import { InputError } from "@kgraft/runtime";
import { ops, type ParameterSpec, tf } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { FusionHead, SeamInput } from "../contract.ts";
import { innerLayers } from "./inner-layers.ts";
import { linear } from "./linear.ts";
import { adapterPrefix, defaultLinear } from "./parameters.ts";
import { arrays } from "./targets.ts";

/** Names under which the output seam leaves what heads read, in the stream's `side`. */
export const side = {
  /** Last hidden states of the encoder, float32 [B, T, H]. */
  last: "k-adapter/last",
  /** An adapter's output, float32 [B, T, H]. */
  output: (adapter: string): string => `k-adapter/${adapter}`,
} as const;

/** What the pre-training heads are made from. */
export interface HeadSizes {
  /** H */
  readonly hidden: number;
  readonly dropout: number;
}

const stemOf = (adapter: string): string => `${adapterPrefix(adapter)}/head`;

/** `G = W_c [H; S]` of some rows, float32 [..., 2 H] to [..., H]. */
function features(adapter: string, states: readonly tf.Tensor[], { weights }: SeamInput): tf.Tensor {
  return linear(weights, `${stemOf(adapter)}/com_dense`, tf.concat([...states], -1));
}

function statesOf(stream: Stream, adapter: string): readonly [last: tf.Tensor, output: tf.Tensor] {
  return [stream.side[side.last] as tf.Tensor, stream.side[side.output(adapter)] as tf.Tensor];
}

/**
 * Classifies the relation of two targets: `z = W_o drop(W_d [G_head; G_tail])`, at the first piece of each.
 *
 * @param relations R; undefined where the config has no graph to learn from
 * @source official code of the factual adapter, which reads the first marker of each target
 */
export function relationHead(adapter: string, relations: number | undefined, sizes: HeadSizes): FusionHead {
  const { hidden, dropout } = sizes;
  const stem = stemOf(adapter);
  if (relations === undefined) return { parameters: [], loss: () => refuseWithoutGraph(adapter) };
  return {
    parameters: [
      ...defaultLinear(`${stem}/com_dense`, hidden, 2 * hidden),
      ...defaultLinear(`${stem}/dense`, hidden, 2 * hidden),
      ...defaultLinear(`${stem}/out_proj`, relations, hidden),
    ],
    loss(_hidden, stream, at) {
      const { batch, weights, context } = at;
      const positions = arrayOf(batch, arrays.relationPositions);
      const read = statesOf(stream, adapter).map((x) => ops.gatherRows(tf.reshape(x, [-1, hidden]), positions));
      const pairs = tf.split(features(adapter, read, at), 2, 0); // [B, H] of heads, then of tails
      const dense = linear(weights, `${stem}/dense`, tf.concat(pairs, -1)); // [B, H]
      const logits = linear(weights, `${stem}/out_proj`, ops.dropout(dense, dropout, context, `${stem}/dense`));
      return ops.softmaxCrossEntropy(
        logits,
        arrayOf(batch, arrays.relationLabels),
        arrayOf(batch, arrays.relationCounts),
      );
    },
  };
}

function refuseWithoutGraph(adapter: string): never {
  throw new InputError({
    code: "fusion.k-adapter.relations",
    at: `k-adapter.adapters.${adapter}`,
    problem: "is to learn relations, but there is no graph that says which there are",
    fix: "Add a section graph:, or set task: none",
  });
}

/**
 * Finds the head of every word among the first positions of the text: `z = W_o drop(W_d Att(G))`, where Att is BERT's attention
 * with one head, its residual and LayerNorm.
 *
 * @param positions P, how many are told apart
 * @source official code of the linguistic adapter: cross-entropy over positions, where the paper has binary ones
 */
export function dependencyHead(adapter: string, positions: number, sizes: HeadSizes): FusionHead {
  const { hidden, dropout } = sizes;
  const stem = stemOf(adapter);
  const attention = innerLayers(
    { size: hidden, layers: 1, heads: 1, dropout },
    (name) => attentionName(name, stem),
    stem,
  );
  const parameters: readonly ParameterSpec[] = [
    ...defaultLinear(`${stem}/com_dense`, hidden, 2 * hidden),
    ...attention.parameters,
    ...defaultLinear(`${stem}/dense`, hidden, hidden),
    ...defaultLinear(`${stem}/out_proj`, positions, hidden),
  ];
  return {
    parameters,
    loss(_hidden, stream, at) {
      const { batch, weights, context } = at;
      const mixed = features(adapter, statesOf(stream, adapter), at); // [B, T, H]
      const [block] = attention.blocks(weights, context);
      const attended = block?.attend({ hidden: mixed, visible: stream.visible, side: {} }) as tf.Tensor;
      const dense = linear(weights, `${stem}/dense`, tf.reshape(attended, [-1, hidden])); // [B·T, H]
      const logits = linear(weights, `${stem}/out_proj`, ops.dropout(dense, dropout, context, `${stem}/dense`));
      return ops.softmaxCrossEntropy(
        logits,
        arrayOf(batch, arrays.dependencyLabels),
        arrayOf(batch, arrays.dependencyCounts),
      );
    },
  };
}

/** `…/head/self_attention.self.query.weight` for the attention part of BERT's only layer. */
function attentionName(bertName: string, stem: string): string | undefined {
  const [, rest] = /^encoder\.layer\.0\.attention\.(.*)$/.exec(bertName) ?? [];
  return rest && `${stem}/self_attention.${rest}`;
}
