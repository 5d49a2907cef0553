import type { TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type BatchShape, type PreparedText } from "@kgraft/fusion";
import { type HostArray, ops, type ParameterSpec, tf } from "@kgraft/tensor";
import { mostFrequentLabel } from "../baselines.ts";
import { type Classifier, classifier } from "../classification/classifier.ts";
import { settleLabels } from "../classification/label-list.ts";
import { likeliestOf, scoreOneLabel } from "../classification/one-label.ts";
import { meanOfPieces, weightedMean } from "../classification/pooling.ts";
import { assertExamples } from "../classification/splits.ts";
import type { Task, TaskDefinition } from "../contract.ts";
import type { ClassificationReport } from "../metrics/classification.ts";
import { type SentenceClassificationOptions, sentenceClassificationOptions } from "./options.ts";

const task = "sentence-classification";
/** float32 [B, T]: how much of each piece's hidden state the head reads. */
const poolingArray = `task/${task}/pooling`;
const [denseWeight, denseBias] = [`head/${task}/dense.weight`, `head/${task}/dense.bias`];

/** Classification of a sentence or a pair of sentences. */
export const sentenceClassification: TaskDefinition<SentenceClassificationOptions, ClassificationReport> = {
  name: task,
  summary: "Gives a sentence, or a pair of them, its class: accuracy, micro and macro F1.",
  paper: {
    title: "K-BERT: Enabling Language Representation with Knowledge Graph",
    authors: "Liu, Zhou, Zhao, Wang, Ju, Deng and Wang",
    venue: "AAAI 2020",
    url: "https://arxiv.org/abs/1909.07606",
  },
  options: sentenceClassificationOptions,
  examples: "text",
  create(options, { splits, encoder }): Task<ClassificationReport> {
    assertExamples(splits, task);
    const { classes: stated, pooling } = options;
    const list = settleLabels(splits, { task, option: "classes", stated, otherLabels: "refuse", single: true });
    const head = sentenceHead(encoder, list.labels.length, options);
    return {
      name: task,
      labels: list.labels,
      training: options,
      metric: options.metric,
      notes: list.notes,
      splits: list.splits,
      ...head,
      baselines: () => mostFrequentLabel(list.splits),
      fits: (example) => readPieces(example, pooling).length > 0,
      collate: (examples, shape) => ({
        ...reading(examples, shape, pooling),
        ...head.goldArrays(examples, list.number),
      }),
      predict: likeliestOf(list.labels),
      score: scoreOneLabel(task),
    };
  },
};

type Pooling = SentenceClassificationOptions["pooling"];

/** A linear layer on pooled states; with `dense` a new tanh layer over the first token stands between, as in K-BERT. */
function sentenceHead(
  encoder: TransformerEncoder,
  classes: number,
  { pooling, dropout }: SentenceClassificationOptions,
): Classifier {
  const { hiddenSize } = encoder.config;
  const head = classifier(encoder.config, {
    task,
    classes,
    labels: "single",
    dropout,
    width: hiddenSize,
    read(hidden, { weights, batch }) {
      if (pooling === "pooler") return encoder.pool(weights, hidden);
      const read = weightedMean(hidden, arrayOf(batch, poolingArray)); // [B, H]
      return pooling === "dense" ? tf.tanh(ops.linear(read, weights.get(denseWeight), weights.get(denseBias))) : read;
    },
  });
  return pooling === "dense" ? { ...head, parameters: [...denseParameters(encoder), ...head.parameters] } : head;
}

function denseParameters({ config: { hiddenSize, initializerRange } }: TransformerEncoder): readonly ParameterSpec[] {
  return [
    {
      name: denseWeight,
      shape: [hiddenSize, hiddenSize],
      init: { kind: "normal", deviation: initializerRange },
      role: "weight",
    },
    { name: denseBias, shape: [hiddenSize], init: { kind: "zeros" }, role: "bias" },
  ];
}

function reading(
  examples: readonly PreparedText[],
  shape: BatchShape,
  pooling: Pooling,
): Readonly<Record<string, HostArray>> {
  const pieces = examples.map((example) => readPieces(example, pooling));
  return { [poolingArray]: meanOfPieces(pieces, shape) };
}

/** The text's own pieces for a mean, else the first token. */
function readPieces({ encoding }: PreparedText, pooling: Pooling): readonly number[] {
  if (pooling !== "mean") return [0];
  return Array.from(encoding.sequenceIds.keys()).filter((piece) => (encoding.sequenceIds[piece] as number) >= 0);
}
