import { InputError } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import { likeliestOf } from "../classification/one-label.ts";
import { assertExamples, mapSplits, splitNames } from "../classification/splits.ts";
import type { Splits, Task, TaskDefinition, TaskNeeds, TaskReport } from "../contract.ts";
import { taskFileOptions, trainingOptions } from "../task-options.ts";
import { isTrue, tripleOf } from "../triples/numbered-triples.ts";
import { sequenceHead } from "../triples/sequence-head.ts";
import { type KnownRelations, pairKey, scoreRelations } from "./relation-ranks.ts";

const name = "relation-prediction";

const options = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  maxLength: trainingOptions.maxLength.default(64),
  metric: z
    .enum(["accuracy", "mrr", "hits@1", "hits@3", "hits@10"])
    .default("mrr")
    .describe("The validation score that keep: best goes by"),
});

type RelationPredictionOptions = z.infer<typeof options>;

/** Relation prediction: which relation holds between a head and a tail. */
export const relationPrediction: TaskDefinition<RelationPredictionOptions, TaskReport> = {
  name,
  summary: "Ranks all relations between a head and a tail: mean rank, MRR and hits, raw and filtered.",
  paper: {
    title: "KG-BERT: BERT for Knowledge Graph Completion",
    authors: "Yao, Mao, Luo",
    venue: "arXiv 2019",
    url: "https://arxiv.org/abs/1909.03193",
  },
  options,
  examples: "triple",
  create: createRelationPrediction,
};

function createRelationPrediction(given: RelationPredictionOptions, { splits, encoder }: TaskNeeds): Task {
  assertExamples(splits, name);
  const labels = relationsOf(splits);
  const pairs = pairKeys(splits);
  const known = knownRelations(splits);
  return {
    name,
    labels,
    training: given,
    metric: given.metric,
    notes: [],
    splits: mapSplits(trueOnly(splits), asPair),
    ...sequenceHead(encoder, name, labels),
    predict: likeliestOf(labels),
    score: (gold, predictions) => scoreRelations(gold, predictions, ({ id }) => pairs.get(id) as string, known),
  };
}

/** Head and tail as a pair of texts: what the model reads, with the relation as its label. */
function asPair(example: TextExample): TextExample {
  const { head, relation, tail } = tripleOf(example, name);
  return { id: example.id, text: head.text, pair: tail.text, labels: [relation.id] };
}

function trueOnly(splits: Splits): Splits {
  const part = (split: keyof Splits) => splits[split].filter((example) => isTrue(example, `${name}.${split}`));
  return { train: part("train"), validation: part("validation"), test: part("test") };
}

/** All relations of all parts, sorted by code unit. */
function relationsOf(splits: Splits): readonly string[] {
  const relations = new Set(splitNames.flatMap((split) => splits[split].map((one) => tripleOf(one, name).relation.id)));
  if (relations.size > 1) return [...relations].sort();
  throw new InputError({
    code: "tasks.labels.few",
    at: `${name}.train`,
    problem: `there is one relation, ${JSON.stringify([...relations][0])}`,
    wanted: "Wanted at least two to tell apart",
  });
}

/** The pair of each validation and test example. */
function pairKeys({ validation, test }: Splits): ReadonlyMap<string, string> {
  return new Map(
    [...validation, ...test].map((example) => {
      const { head, tail } = tripleOf(example, name);
      return [example.id, pairKey(head.id, tail.id)];
    }),
  );
}

function knownRelations(splits: Splits): KnownRelations {
  const known = new Map<string, Set<string>>();
  for (const example of Object.values(trueOnly(splits)).flat()) {
    const { head, relation, tail } = tripleOf(example, name);
    const key = pairKey(head.id, tail.id);
    known.set(key, (known.get(key) ?? new Set()).add(relation.id));
  }
  return known;
}
