import { InputError } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { mostFrequentLabel } from "../baselines.ts";
import { settleLabels } from "../classification/label-list.ts";
import { markSpans } from "../classification/markers.ts";
import { likeliestOf, scoreOneLabel } from "../classification/one-label.ts";
import { assertExamples, mapSplits, splitNames } from "../classification/splits.ts";
import type { Splits, Task, TaskDefinition } from "../contract.ts";
import type { ClassificationReport } from "../metrics/classification.ts";
import { relationHead } from "./head.ts";
import { type RelationClassificationOptions, relationClassificationOptions } from "./options.ts";

/** Relation classification: which relation holds between the two marked spans of a sentence. */
export const relationClassification: TaskDefinition<RelationClassificationOptions, ClassificationReport> = {
  name: "relation-classification",
  summary: "Gives the pair of spans of a sentence its relation: accuracy, micro and macro F1.",
  paper: {
    title: "Position-aware Attention and Supervised Data Improve Slot Filling",
    authors: "Zhang, Zhong, Chen, Angeli and Manning",
    venue: "EMNLP 2017",
    url: "https://aclanthology.org/D17-1004",
  },
  options: relationClassificationOptions,
  examples: "text",
  create(options, { splits, encoder }): Task<ClassificationReport> {
    const task = relationClassification.name;
    assertExamples(splits, task);
    assertPairs(splits, task);
    const list = settleLabels(splits, {
      task,
      option: "relations",
      stated: options.relations,
      otherLabels: "refuse",
      single: true,
    });
    const head = relationHead(encoder, list.labels.length, options);
    return {
      name: task,
      labels: list.labels,
      training: options,
      metric: options.metric,
      notes: list.notes,
      splits: mapSplits(list.splits, (example) => markPair(example, options)),
      ...head,
      baselines: () => mostFrequentLabel(list.splits),
      collate: (examples, shape) => ({ ...head.reading(examples, shape), ...head.goldArrays(examples, list.number) }),
      predict: likeliestOf(list.labels),
      score: scoreOneLabel(task, options.nullLabel),
    };
  },
};

function markPair(example: TextExample, { headMarkers, tailMarkers }: RelationClassificationOptions): TextExample {
  const [head, tail] = example.targets as NonNullable<TextExample["targets"]>;
  return markSpans(example, [
    { span: head, before: headMarkers[0], after: headMarkers[1] },
    { span: tail, before: tailMarkers[0], after: tailMarkers[1] },
  ]);
}

function assertPairs(splits: Splits, task: string): void {
  for (const split of splitNames) {
    const bad = splits[split].find(({ targets }) => targets === undefined);
    if (bad !== undefined)
      throw new InputError({
        code: "tasks.examples.targets",
        at: `${task}.${split}`,
        problem: `example ${JSON.stringify(bad.id)} has no targets`,
        wanted: 'Wanted "targets": [head, tail], each a span {start, end}',
      });
  }
}
