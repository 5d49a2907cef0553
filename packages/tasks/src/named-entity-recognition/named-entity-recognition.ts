import { arrayOf, type BatchShape, type PreparedText } from "@kgraft/fusion";
import type { Graph } from "@kgraft/kg";
import { InputError, RunError } from "@kgraft/runtime";
import { type HostArray, type Loss, ops, tf } from "@kgraft/tensor";
import { type LabelledSpan, offsetTable, type TextExample } from "@kgraft/text";
import { assertExamples, splitNames } from "../classification/splits.ts";
import type { Splits, Task, TaskDefinition } from "../contract.ts";
import { type NamedEntityReport, scoreSpans } from "../metrics/named-entities.ts";
import type { Prediction } from "../predictions.ts";
import { dictionaryMatch } from "./dictionary-match.ts";
import { type NamedEntityOptions, namedEntityOptions } from "./options.ts";
import { spansOf, tagCount, tagsOf, wordsOf } from "./words.ts";

const task = "named-entity-recognition";
const [weight, bias] = [`head/${task}/classifier.weight`, `head/${task}/classifier.bias`];
const arrays = {
  /** int32 [B, T], the tag of a word at its first piece. */
  tags: `task/${task}/tags`,
  /** float32 [B, T], 1 at the first piece of a word of the text, else 0. */
  counts: `task/${task}/counts`,
} as const;

/**
 * Named entity recognition: finds spans and their types, word by word with begin and inside tags. The first piece of a word
 * carries its tag; other pieces, and those that a strategy put in, are neither trained nor read.
 *
 * K-BERT's own script also trains a tag of its own at the pieces of branches, and scores without types: `untypedMicroF1`.
 */
export const namedEntityRecognition: TaskDefinition<NamedEntityOptions, NamedEntityReport> = {
  name: task,
  summary: "Finds the named entities of a sentence and their types: micro and macro F1 of whole spans.",
  paper: {
    title: "Introduction to the CoNLL-2003 Shared Task: Language-Independent Named Entity Recognition",
    authors: "Tjong Kim Sang and De Meulder",
    venue: "CoNLL 2003",
    url: "https://aclanthology.org/W03-0419",
  },
  options: namedEntityOptions,
  examples: "text",
  create(options, { splits, encoder }): Task<NamedEntityReport> {
    assertExamples(splits, task);
    assertSpans(splits);
    const { hiddenSize, initializerRange } = encoder.config;
    const types = options.types ?? typesOf(splits.train);
    const number = new Map(types.map((type, index) => [type, index]));
    const tags = tagCount(types.length);
    return {
      name: task,
      labels: types,
      training: options,
      metric: options.metric,
      notes: unseen(splits, number),
      splits,
      baselines: async (graph) =>
        graph === undefined ? {} : { "dictionary match": await dictionaryBaseline(await graph(), splits) },
      parameters: [
        {
          name: weight,
          shape: [tags, hiddenSize],
          init: { kind: "normal", deviation: initializerRange },
          role: "weight",
        },
        { name: bias, shape: [tags], init: { kind: "zeros" }, role: "bias" },
      ],
      fits: ({ encoding }) => wordsOf(encoding).length > 0,
      collate: (examples, shape) => tagArrays(examples, shape, number),
      logits: (hidden, { weights, context }) =>
        ops.linear(
          ops.dropout(hidden, options.dropout, context, `head/${task}`),
          weights.get(weight),
          weights.get(bias),
        ), // [B, T, C]
      loss: (logits, { batch }) => tagLoss(logits, arrayOf(batch, arrays.tags), arrayOf(batch, arrays.counts)),
      predict: (example, logits) => found(example, logits, types),
      score: (gold, predictions) => scoreSpans(gold.map(inFile), predictions, types),
    };
  },
};

/** Mean cross-entropy over the words of a batch. */
function tagLoss(logits: tf.Tensor, tags: tf.Tensor, counts: tf.Tensor): Loss {
  const [rows = 0, length = 0, size = 0] = logits.shape;
  const flat = rows * length;
  return ops.softmaxCrossEntropy(
    tf.reshape(logits, [flat, size]),
    tf.reshape(tags, [flat]),
    tf.reshape(counts, [flat]),
  );
}

function tagArrays(
  examples: readonly PreparedText[],
  { rows, length }: BatchShape,
  number: ReadonlyMap<string, number>,
): Readonly<Record<string, HostArray>> {
  const tags = new Int32Array(rows * length);
  const counts = new Float32Array(rows * length);
  for (const [row, { encoding, example }] of examples.entries()) {
    const words = wordsOf(encoding);
    for (const [i, tag] of tagsOf(words, example.spans ?? [], number).entries()) {
      const place = row * length + (words[i]?.piece as number);
      tags[place] = tag;
      counts[place] = 1;
    }
  }
  return {
    [arrays.tags]: { dtype: "int32", shape: [rows, length], data: tags },
    [arrays.counts]: { dtype: "float32", shape: [rows, length], data: counts },
  };
}

function found({ example, encoding }: PreparedText, logits: Float32Array, types: readonly string[]): Prediction {
  const size = tagCount(types.length);
  const words = wordsOf(encoding);
  const tags = words.map(({ piece }) => likeliest(example.id, logits.subarray(piece * size, (piece + 1) * size)));
  return predictionOf({ ...example, spans: spansOf(words, tags, types) });
}

function likeliest(id: string, logits: Float32Array): number {
  if (!logits.every(Number.isFinite))
    throw new RunError({
      code: "tasks.logits",
      at: "tasks.predict",
      problem: `example ${JSON.stringify(id)} has a logit that is no finite number`,
      wanted: "Wanted finite numbers",
      fix: "Training has diverged: lower the rates, or lengthen the warm-up",
    });
  return logits.indexOf(logits.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY));
}

async function dictionaryBaseline(graph: Graph, { train, test }: Splits): Promise<readonly Prediction[]> {
  const found = await dictionaryMatch(graph, train, test);
  return test.map((example, i) => predictionOf({ ...example, spans: found[i] }));
}

function predictionOf(example: TextExample): Prediction {
  const { id, spans } = inFile(example);
  return { id, labels: [...new Set(spans.map(({ label }) => label))].sort(), spans };
}

/** Spans with the offsets that files have: Unicode code points. */
function inFile({ id, text, spans = [] }: TextExample): {
  readonly id: string;
  readonly spans: readonly LabelledSpan[];
} {
  const table = offsetTable(text);
  const inPoints = ({ start, end, label }: LabelledSpan) => ({
    start: table.toCodePoints(start),
    end: table.toCodePoints(end),
    label,
  });
  return { id, spans: spans.map(inPoints) };
}

const typesOf = (examples: readonly TextExample[]): readonly string[] =>
  [...new Set(examples.flatMap(({ spans = [] }) => spans.map(({ label }) => label)))].sort();

function unseen(splits: Splits, number: ReadonlyMap<string, number>): readonly string[] {
  return splitNames.flatMap((split) => {
    const others = typesOf(splits[split]).filter((type) => !number.has(type));
    if (others.length === 0) return [];
    return [
      `${split}: spans of the types ${others.join(", ")} stay gold and cannot be predicted: the list of types lacks them`,
    ];
  });
}

function assertSpans(splits: Splits): void {
  for (const split of splitNames)
    for (const { id, spans } of splits[split]) {
      const bad = (problem: string, wanted: string) =>
        new InputError({
          code: "tasks.examples.spans",
          at: `${task}.${split}`,
          problem: `example ${JSON.stringify(id)} ${problem}`,
          wanted,
        });
      if (spans === undefined)
        throw bad("has no spans", 'Wanted "spans": [{start, end, label}], [] where there is none');
      const sorted = spans.toSorted((a, b) => a.start - b.start);
      const [first, second] = sorted.flatMap((span, i) => {
        const next = sorted[i + 1];
        return next !== undefined && next.start < span.end ? [span, next] : [];
      });
      if (first !== undefined && second !== undefined)
        throw bad(
          `has overlapping spans ${first.label} [${first.start}, ${first.end}) and ${second.label} [${second.start}, ${second.end})`,
          "Wanted spans side by side: a word has one tag",
        );
    }
  if (typesOf(splits.train).length === 0)
    throw new InputError({
      code: "tasks.examples.spans",
      at: `${task}.train`,
      problem: "no example has a span",
      wanted: "Wanted spans to learn from",
    });
}
