import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type BatchShape, type PreparedText } from "@kgraft/fusion";
import { type HostArray, tf } from "@kgraft/tensor";
import { piecesOf } from "@kgraft/text";
import { type Classifier, classifier } from "../classification/classifier.ts";
import { meanOfPieces, weightedMean } from "../classification/pooling.ts";
import type { RelationClassificationOptions } from "./options.ts";

/** float32 [B, T] each: how much of each piece's hidden state stands for head and tail. */
const pairArrays = ["task/relation-classification/head", "task/relation-classification/tail"] as const;

/** The classifier of relations, and what it reads of each example. */
export interface RelationHead extends Classifier {
  /** Whether head and tail, with what the head reads of them, were left by the length limit. */
  fits(example: PreparedText): boolean;
  reading(examples: readonly PreparedText[], shape: BatchShape): Readonly<Record<string, HostArray>>;
}

/** Makes the head: a linear layer on dropped-out states of the pair, with softmax cross-entropy. */
export function relationHead(
  encoder: TransformerEncoder,
  relations: number,
  { pooling, dropout }: Pick<RelationClassificationOptions, "pooling" | "dropout">,
): RelationHead {
  const { hiddenSize } = encoder.config;
  const ofPair = pooling === "mention-means" || pooling === "markers";
  const head = classifier(encoder.config, {
    task: "relation-classification",
    classes: relations,
    labels: "single",
    dropout,
    width: ofPair ? 2 * hiddenSize : hiddenSize,
    read(hidden, { weights, batch }) {
      if (pooling === "pooler") return encoder.pool(weights, hidden); // [B, H]
      const states = pairArrays.map((name) => weightedMean(hidden, arrayOf(batch, name)));
      return ofPair ? tf.concat(states, 1) : (states[0] as tf.Tensor); // [B, 2H] or [B, H]
    },
  });
  return {
    ...head,
    fits: (example) => pairPieces(example).every((pieces) => pieces.length > 0),
    reading(examples, shape) {
      const arrays = pairArrays.map((name, side) => {
        const read = examples.map((example) => (ofPair ? readPieces(example, side, pooling) : [0]));
        return [name, meanOfPieces(read, shape)];
      });
      return Object.fromEntries(arrays);
    },
  };
}

function readPieces(example: PreparedText, side: number, pooling: "mention-means" | "markers"): readonly number[] {
  const pieces = pairPieces(example)[side] ?? [];
  return pooling === "mention-means" ? pieces : [lastPieceBefore(example, pieces[0] as number)];
}

/** The piece of the text before this one: pieces that a strategy put in between are passed over. */
function lastPieceBefore({ encoding }: PreparedText, piece: number): number {
  for (let before = piece - 1; before > 0; before--) if (encoding.sequenceIds[before] === 0) return before;
  return 0;
}

function pairPieces({ example, encoding }: PreparedText): readonly (readonly number[])[] {
  return (example.targets ?? []).map((span) => piecesOf(encoding, span));
}
