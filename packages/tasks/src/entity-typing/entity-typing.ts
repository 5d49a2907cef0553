import type { Graph } from "@kgraft/kg";
import { InputError } from "@kgraft/runtime";
import { firstSense, mentionAtTarget, mostFrequentType } from "../baselines.ts";
import { type Decision, decide } from "../classification/decision.ts";
import { settleLabels } from "../classification/label-list.ts";
import { markTarget } from "../classification/markers.ts";
import { assertExamples, mapSplits, splitNames } from "../classification/splits.ts";
import type { Splits, Task, TaskDefinition, TaskNeeds } from "../contract.ts";
import { type EntityTypingReport, scoreEntityTypes } from "../metrics/entity-typing.ts";
import type { Prediction } from "../predictions.ts";
import { typingHead } from "./head.ts";
import { type EntityTypingOptions, entityTypingOptions } from "./options.ts";

/** Entity typing: which types the marked span has in its sentence. */
export const entityTyping: TaskDefinition<EntityTypingOptions, EntityTypingReport> = {
  name: "entity-typing",
  summary: "Gives the target span of a sentence its types: strict accuracy, loose macro and micro F1.",
  paper: {
    title: "Fine-Grained Entity Recognition",
    authors: "Ling and Weld",
    venue: "AAAI 2012",
  },
  options: entityTypingOptions,
  examples: "text",
  create: createEntityTyping,
};

function createEntityTyping(options: EntityTypingOptions, needs: TaskNeeds): Task<EntityTypingReport> {
  assertExamples(needs.splits, entityTyping.name);
  assertTargets(needs.splits);
  const { markers } = options;
  const single = options.labels === "single";
  const list = settleLabels(needs.splits, {
    task: entityTyping.name,
    option: "types",
    stated: options.types,
    otherLabels: options.otherLabels,
    single,
  });
  const head = typingHead(needs.encoder, list.labels.length, options);
  const decision = decisionOf(options);
  return {
    name: entityTyping.name,
    labels: list.labels,
    training: options,
    metric: options.metric,
    notes: list.notes,
    splits: markers === undefined ? list.splits : mapSplits(list.splits, (example) => markTarget(example, markers)),
    ...head,
    baselines: (graph) => typingBaselines(list.splits, graph),
    fits: ({ targetPieces = [] }) => targetPieces.length > 0,
    collate: (examples, shape) => ({ ...head.reading(examples, shape), ...head.goldArrays(examples, list.number) }),
    predict: ({ example }, logits) => decide(example.id, logits, list.labels, decision),
    score: (gold, predictions) =>
      scoreEntityTypes(
        gold.map(({ id, labels = [] }) => ({ id, labels })),
        predictions,
        list.labels,
      ),
  };
}

/** The most frequent type, and where the test targets are linked the types of the linked entity. */
async function typingBaselines(
  { train, test }: Splits,
  openGraph: (() => Promise<Graph>) | undefined,
): Promise<Readonly<Record<string, readonly Prediction[]>>> {
  const frequent = { "most frequent type": mostFrequentType(train, test) };
  if (openGraph === undefined || test.every((example) => mentionAtTarget(example) === undefined)) return frequent;
  const graph = await openGraph();
  const typesOf = async (id: string): Promise<readonly string[]> => (await graph.entity(id))?.types ?? [];
  const { predictions } = await firstSense({ train, examples: test, typesOf });
  return { ...frequent, "type of the linked entity": predictions };
}

function decisionOf({ labels, decision, threshold }: EntityTypingOptions): Decision {
  if (labels === "single") return { kind: "argmax" };
  return { kind: decision ?? "threshold", threshold: threshold ?? 0 };
}

function assertTargets(splits: Splits): void {
  for (const split of splitNames)
    for (const { id, target, text } of splits[split])
      if (target === undefined || target.start >= target.end || target.end > text.length)
        throw new InputError({
          code: "tasks.examples.target",
          at: `entity-typing.${split}`,
          problem: `example ${JSON.stringify(id)} has ${target === undefined ? "no target" : `the target [${target.start}, ${target.end}) in a text of ${text.length}`}`,
          wanted: "Wanted a span of its text that is to be typed",
        });
}
