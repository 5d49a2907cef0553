import { linearHead, type TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type PreparedText } from "@kgraft/fusion";
import { type HostArray, ops, tf } from "@kgraft/tensor";
import type { Task } from "../contract.ts";

/** The head of a task that gives a whole sequence one class, with its gold array. */
export interface SequenceHead extends Pick<Task, "parameters" | "logits" | "loss" | "collate" | "fits"> {}

/**
 * Makes the family's own classification head (for BERT a linear layer on the dropped-out pooler) under the task's name, with
 * softmax cross-entropy.
 *
 * @source KG-BERT: BertForSequenceClassification
 */
export function sequenceHead({ config }: TransformerEncoder, task: string, labels: readonly string[]): SequenceHead {
  const gold = `task/${task}/labels`; // int32 [B]
  const number = new Map(labels.map((label, index) => [label, index]));
  const { parameters, logits } = linearHead(config, "sequence-classification", {
    outputs: labels.length,
    prefix: `head/${task}/`,
  });
  return {
    parameters,
    fits: () => true,
    collate: (examples) => ({ [gold]: goldArray(examples, number) }),
    logits: (hidden, { weights, context }) => logits(weights, hidden, context),
    loss: (scores, { batch }) =>
      ops.softmaxCrossEntropy(scores, arrayOf(batch, gold), tf.ones([scores.shape[0] as number])),
  };
}

/** int32 [B]: the number of each example's label; 0 where it is none of the classes, for prediction alone. */
function goldArray(examples: readonly PreparedText[], number: ReadonlyMap<string, number>): HostArray {
  const data = Int32Array.from(examples, ({ example }) => number.get(example.labels?.[0] ?? "") ?? 0);
  return { dtype: "int32", shape: [examples.length], data };
}
