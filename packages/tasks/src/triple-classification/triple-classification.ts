import { streams } from "@kgraft/runtime";
import { z } from "zod";
import { likeliestOf, scoreOneLabel } from "../classification/one-label.ts";
import { assertExamples } from "../classification/splits.ts";
import type { Splits, Task, TaskDefinition, TaskNeeds } from "../contract.ts";
import type { ClassificationReport } from "../metrics/classification.ts";
import { taskFileOptions, trainingOptions } from "../task-options.ts";
import { trainingNegatives, validityLabels, withNegatives } from "../triples/judged-examples.ts";
import { NegativeSampler } from "../triples/negatives.ts";
import { numberTriples } from "../triples/numbered-triples.ts";
import { sequenceHead } from "../triples/sequence-head.ts";

const name = "triple-classification";

const options = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  maxLength: trainingOptions.maxLength.default(64),
  negatives: z
    .int()
    .min(1)
    .default(1)
    .describe("False triples beside each training triple, drawn once before the first epoch"),
  negativesSeed: z
    .int()
    .min(0)
    .default(1)
    .describe(
      "Draws one false triple beside each validation and test triple without label; apart from the run's seed, so that all seeds are scored on the same",
    ),
  metric: z.enum(["accuracy", "macroF1"]).default("accuracy").describe("The validation score that keep: best goes by"),
});

type TripleClassificationOptions = z.infer<typeof options>;

/** Triple classification: whether a triple is true. */
export const tripleClassification: TaskDefinition<TripleClassificationOptions, ClassificationReport> = {
  name,
  summary: "Judges whether triples are true: accuracy and F1 on true and false ones.",
  paper: {
    title: "KG-BERT: BERT for Knowledge Graph Completion",
    authors: "Yao, Mao, Luo",
    venue: "arXiv 2019",
    url: "https://arxiv.org/abs/1909.03193",
  },
  options,
  examples: "triple",
  create: createTripleClassification,
};

function createTripleClassification(
  given: TripleClassificationOptions,
  { splits, encoder }: TaskNeeds,
): Task<ClassificationReport> {
  assertExamples(splits, name);
  const triples = numberTriples(splits, name);
  return {
    name,
    labels: validityLabels,
    training: given,
    metric: given.metric,
    notes: [],
    splits: judged(splits, given.negativesSeed),
    trainingExamples: trainingNegatives(splits.train, { triples, negatives: given.negatives, task: name }),
    ...sequenceHead(encoder, name, validityLabels),
    predict: likeliestOf(validityLabels),
    score: scoreOneLabel(name),
  };
}

/** Parts to be scored, with a false triple beside each that has no label; no part's triples are taken for false. */
function judged(splits: Splits, seed: number): Splits {
  const triples = numberTriples(splits, name);
  const sampler = new NegativeSampler(triples, [triples.train, triples.validation, triples.test]);
  const part = (split: "validation" | "test") =>
    withNegatives(splits[split], {
      triples,
      sampler,
      negativesOf: ({ labels }) => (labels === undefined ? 1 : 0),
      drawFor: (place) => streams(seed).at(`negatives/${split}`, place),
      at: `${name}.${split}`,
    });
  return { train: splits.train, validation: part("validation"), test: part("test") };
}
