import type { EncoderConfig } from "@kgraft/encoder";
import { arrayOf, type PreparedText, type SeamInput } from "@kgraft/fusion";
import { type HostArray, ops, tf } from "@kgraft/tensor";
import type { Task } from "../contract.ts";

/** A linear layer over what a task reads of the hidden states. */
export interface ClassifierOptions {
  /** The task: names of parameters and arrays start with it. */
  readonly task: string;
  readonly classes: number;
  /** single: one label each, softmax; multiple: a sigmoid for each. */
  readonly labels: "single" | "multiple";
  readonly dropout: number;
  /** R, width of what is read. */
  readonly width: number;
  /** @returns float32 [B, R] */
  read(hidden: tf.Tensor, at: SeamInput): tf.Tensor;
}

/** A task's classifier, and its gold labels as arrays of a batch. */
export interface Classifier extends Pick<Task, "parameters" | "logits" | "loss"> {
  /** int32 [B] (one label each) or float32 [B, C] of 0 and 1; labels that have no number are not in it. */
  goldArrays(
    examples: readonly PreparedText[],
    number: ReadonlyMap<string, number>,
  ): Readonly<Record<string, HostArray>>;
}

/** Makes the classifier: dropout and a linear layer, with softmax or sigmoid cross-entropy. */
export function classifier({ initializerRange }: EncoderConfig, options: ClassifierOptions): Classifier {
  const { task, classes, labels, dropout, width, read } = options;
  const [weight, bias, gold] = [
    `head/${task}/classifier.weight`,
    `head/${task}/classifier.bias`,
    `task/${task}/labels`,
  ];
  const single = labels === "single";
  return {
    parameters: [
      { name: weight, shape: [classes, width], init: { kind: "normal", deviation: initializerRange }, role: "weight" },
      { name: bias, shape: [classes], init: { kind: "zeros" }, role: "bias" },
    ],
    logits(hidden, at) {
      const kept = ops.dropout(read(hidden, at), dropout, at.context, `head/${task}`); // [B, R]
      return ops.linear(kept, at.weights.get(weight), at.weights.get(bias)); // [B, C]
    },
    loss(logits, { batch }) {
      const each = tf.ones([logits.shape[0] as number]); // [B]
      const lossOf = single ? ops.softmaxCrossEntropy : ops.sigmoidCrossEntropy;
      return lossOf(logits, arrayOf(batch, gold), each);
    },
    goldArrays: (examples, number) => ({
      [gold]: single ? oneLabelEach(examples, number) : labelSets(examples, number),
    }),
  };
}

type Numbers = ReadonlyMap<string, number>;

function oneLabelEach(examples: readonly PreparedText[], number: Numbers): HostArray {
  const data = Int32Array.from(examples, ({ example }) => number.get(example.labels?.[0] ?? "") ?? 0);
  return { dtype: "int32", shape: [examples.length], data };
}

function labelSets(examples: readonly PreparedText[], number: Numbers): HostArray {
  const data = new Float32Array(examples.length * number.size);
  for (const [row, { example }] of examples.entries())
    for (const label of example.labels ?? []) {
      const column = number.get(label);
      if (column !== undefined) data[row * number.size + column] = 1;
    }
  return { dtype: "float32", shape: [examples.length, number.size], data };
}
