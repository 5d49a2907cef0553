import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type BatchShape, type PreparedText } from "@kgraft/fusion";
import type { HostArray } from "@kgraft/tensor";
import { type Classifier, classifier } from "../classification/classifier.ts";
import { meanOfPieces, weightedMean } from "../classification/pooling.ts";
import type { EntityTypingOptions } from "./options.ts";

/** float32 [B, T]: how much of each piece's hidden state the head reads. */
const poolingArray = "task/entity-typing/pooling";

/** The classifier of entity typing, and what it reads of each example. */
export interface TypingHead extends Classifier {
  /** @param examples each with at least one target piece */
  reading(examples: readonly PreparedText[], shape: BatchShape): Readonly<Record<string, HostArray>>;
}

/** Makes the head: a linear layer on dropped-out pooled states, with softmax or sigmoid cross-entropy. */
export function typingHead(
  encoder: TransformerEncoder,
  types: number,
  { labels, pooling, dropout }: Pick<EntityTypingOptions, "labels" | "pooling" | "dropout">,
): TypingHead {
  const head = classifier(encoder.config, {
    task: "entity-typing",
    classes: types,
    labels,
    dropout,
    width: encoder.config.hiddenSize,
    read: (hidden, { weights, batch }) =>
      pooling === "pooler" ? encoder.pool(weights, hidden) : weightedMean(hidden, arrayOf(batch, poolingArray)),
  });
  const read = (pieces: readonly number[]): readonly number[] => {
    if (pooling === "mention-mean") return pieces;
    return pooling === "first-piece" ? pieces.slice(0, 1) : [0];
  };
  return {
    ...head,
    reading: (examples, shape) => ({
      [poolingArray]: meanOfPieces(
        examples.map(({ targetPieces = [] }) => read(targetPieces)),
        shape,
      ),
    }),
  };
}
