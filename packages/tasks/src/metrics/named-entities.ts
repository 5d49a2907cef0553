import type { LabelledSpan } from "@kgraft/text";
import { assertLines, joinLabels } from "./joined-labels.ts";
import { addToTypes, harmonicMean, meanOf, ratio, scoreTypes, type TypeCounts, type TypeScore } from "./type-scores.ts";

/** A line's spans. Offsets are those of files: Unicode code points. */
export interface SpanLine {
  readonly id: string;
  readonly spans?: readonly LabelledSpan[] | undefined;
}

/** The scores of named entity recognition, all in [0, 1]; an entity is right where start, end and type are. */
export type NamedEntityScores = {
  readonly microPrecision: number;
  readonly microRecall: number;
  readonly microF1: number;
  /** Mean F1 of the types that a line has or was given. */
  readonly macroF1: number;
  /** The same as microF1 where types are not compared: what K-BERT's script prints. */
  readonly untypedMicroF1: number;
};

/** Everything that a comparison of predicted with gold spans gives. */
export interface NamedEntityReport {
  readonly lines: number;
  readonly scores: NamedEntityScores;
  /** Sorted by type. */
  readonly types: readonly TypeScore[];
}

/**
 * Scores predicted spans, joined by id; counts are those of the whole corpus.
 *
 * @param listed types that stand in the report even where no line has them
 * @throws InputError `tasks.score.…` for ids that do not match, `tasks.score.empty` without lines
 * @source CoNLL-2003's scorer
 */
export function scoreSpans(
  gold: readonly SpanLine[],
  predictions: readonly SpanLine[],
  listed: readonly string[] = [],
): NamedEntityReport {
  const at = "tasks.named-entity-recognition";
  const lines = joinLabels(gold.map(asLabels), predictions.map(asLabels), at);
  assertLines(lines.length, at);
  const counts = new Map<string, TypeCounts>();
  const untyped: TypeCounts = { gold: 0, predicted: 0, correct: 0 };
  for (const { labels, predicted } of lines) {
    addTyped(counts, labels, predicted);
    const [places, given] = [placesOf(labels), placesOf(predicted)];
    untyped.gold += places.size;
    untyped.predicted += given.size;
    untyped.correct += [...given].filter((place) => places.has(place)).length;
  }
  const types = scoreTypes(counts, listed);
  const sum = (of: keyof TypeCounts): number => types.reduce((total, one) => total + one[of], 0);
  const typed = { gold: sum("gold"), predicted: sum("predicted"), correct: sum("correct") };
  const [microPrecision, microRecall] = [
    ratio(typed.correct, typed.predicted) ?? 0,
    ratio(typed.correct, typed.gold) ?? 0,
  ];
  return {
    lines: lines.length,
    types,
    scores: {
      microPrecision,
      microRecall,
      microF1: harmonicMean(microPrecision, microRecall),
      macroF1: meanOf(types.filter(({ gold: lines, predicted }) => lines + predicted > 0).map(({ f1 = 0 }) => f1)),
      untypedMicroF1: ratio(2 * untyped.correct, untyped.gold + untyped.predicted) ?? 0,
    },
  };
}

/** A span as one label: joining and counting are those of sets of labels. */
const asLabels = ({ id, spans = [] }: SpanLine) => ({
  id,
  labels: spans.map(({ start, end, label }) => `${start}-${end} ${label}`),
});

const placesOf = (labels: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(Array.from(labels, (label) => label.slice(0, label.indexOf(" "))));

/** Counts spans under their types. */
function addTyped(counts: Map<string, TypeCounts>, gold: ReadonlySet<string>, predicted: ReadonlySet<string>): void {
  const typeOf = (label: string): string => label.slice(label.indexOf(" ") + 1);
  for (const label of new Set([...gold, ...predicted])) {
    const one = (labels: ReadonlySet<string>) => new Set(labels.has(label) ? [typeOf(label)] : []);
    addToTypes(counts, one(gold), one(predicted));
  }
}
