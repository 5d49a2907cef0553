import type { Draw, Streams } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { NegativeSampler } from "./negatives.ts";
import { isTrue, type NumberedTriples, tripleExample } from "./numbered-triples.ts";

/** The classes of a triple in the order of the logits: class 1 is true. */
export const validityLabels = ["0", "1"] as const;

/** How negatives stand beside their positives. */
export interface JudgedOptions {
  readonly triples: NumberedTriples;
  readonly sampler: NegativeSampler;
  /** How many negatives a positive gets. */
  negativesOf(positive: TextExample): number;
  /** The stream of a positive's negatives, by its place. */
  drawFor(place: number): Draw;
  readonly at: string;
}

/** Puts the negatives of each positive behind it, and labels all `1` or `0`; what is labelled false stands for itself. */
export function withNegatives(
  examples: readonly TextExample[],
  { triples, sampler, negativesOf, drawFor, at }: JudgedOptions,
): readonly TextExample[] {
  return examples.flatMap((example, place) => {
    if (!isTrue(example, at)) return [{ ...example, labels: ["0"] }];
    const drawn = sampler.draw(triples.numbersOf(example), negativesOf(example), drawFor(place));
    const made = drawn.map((triple, i) => tripleExample(`${example.id}/negative-${i}`, triple, triples, ["0"]));
    return [{ ...example, labels: ["1"] }, ...made];
  });
}

/** What a task trains on: its training triples, each with negatives that are no training triple, drawn once. */
export function trainingNegatives(
  train: readonly TextExample[],
  {
    triples,
    negatives,
    task,
  }: { readonly triples: NumberedTriples; readonly negatives: number; readonly task: string },
): (draws: Streams) => readonly TextExample[] {
  const sampler = new NegativeSampler(triples, [triples.train]);
  return (draws) =>
    withNegatives(train, {
      triples,
      sampler,
      negativesOf: () => negatives,
      drawFor: (place) => draws.at("negatives", place),
      at: `${task}.train`,
    });
}
