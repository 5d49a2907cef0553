import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf } from "@kgraft/fusion";
import { ops, tf } from "@kgraft/tensor";
import type { Task } from "../contract.ts";
import type { EntityTypingOptions } from "./options.ts";
import { typingArrays } from "./target-arrays.ts";

const weight = "head/entity-typing/classifier.weight";
const bias = "head/entity-typing/classifier.bias";

/** Makes the head: a linear layer on dropped-out pooled states, with softmax or sigmoid cross-entropy. */
export function typingHead(
  encoder: TransformerEncoder,
  types: number,
  { labels, pooling, dropout }: Pick<EntityTypingOptions, "labels" | "pooling" | "dropout">,
): Pick<Task, "parameters" | "logits" | "loss"> {
  const { hiddenSize, initializerRange } = encoder.config;
  return {
    parameters: [
      {
        name: weight,
        shape: [types, hiddenSize],
        init: { kind: "normal", deviation: initializerRange },
        role: "weight",
      },
      { name: bias, shape: [types], init: { kind: "zeros" }, role: "bias" },
    ],
    logits(hidden, { weights, batch, context }) {
      const pooled =
        pooling === "pooler"
          ? encoder.pool(weights, hidden)
          : weightedMean(hidden, arrayOf(batch, typingArrays.pooling)); // [B, H]
      const kept = ops.dropout(pooled, dropout, context, "head/entity-typing");
      return ops.linear(kept, weights.get(weight), weights.get(bias)); // [B, C]
    },
    loss(logits, { batch }) {
      const gold = arrayOf(batch, typingArrays.labels);
      const each = tf.ones([logits.shape[0] as number]); // [B]
      return labels === "single"
        ? ops.softmaxCrossEntropy(logits, gold, each)
        : ops.sigmoidCrossEntropy(logits, gold, each);
    },
  };
}

/** Σ_t weights[b, t] · hidden[b, t]: float32 [B, T, H] and [B, T] to [B, H]. */
function weightedMean(hidden: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const [rows = 0, length = 0, size = 0] = hidden.shape;
  const mean = tf.matMul(tf.reshape(weights, [rows, 1, length]), hidden); // [B, 1, H]
  return tf.reshape(mean, [rows, size]);
}
