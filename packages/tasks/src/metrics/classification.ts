import { assertLines, joinLabels, type LabelledLine } from "./joined-labels.ts";
import { addToTypes, harmonicMean, meanOf, ratio, scoreTypes, type TypeCounts, type TypeScore } from "./type-scores.ts";

/** The scores of a classification with one label a line, all in [0, 1]. */
export type ClassificationScores = {
  /** Share of lines with the right label. */
  readonly accuracy: number;
  /** Right guesses of classes other than the null class, divided by all such guesses; 0 where there is none. */
  readonly microPrecision: number;
  /** The same divided by all lines of classes other than the null class. */
  readonly microRecall: number;
  /** Of the two above; without a null class it equals accuracy where every line is given one label. */
  readonly microF1: number;
  /** Mean F1 of the classes other than the null class that a line has or was given. */
  readonly macroF1: number;
};

/** Everything that a comparison of predictions with gold labels gives. */
export interface ClassificationReport {
  readonly lines: number;
  readonly scores: ClassificationScores;
  /** Sorted by class. */
  readonly classes: readonly TypeScore[];
}

/**
 * Scores predictions of one label each, joined by id; an empty prediction is wrong.
 *
 * @param nullLabel the class of lines without a relation, whose guesses are no merit: TACRED's `no_relation`
 * @throws InputError `tasks.score.…` for ids that do not match, `tasks.score.empty` without lines
 * @source TACRED's released scorer (micro, without the null class); macro as scikit-learn's `f1_score`
 */
export function scoreClasses(
  gold: Iterable<LabelledLine>,
  predictions: Iterable<LabelledLine>,
  { at, nullLabel }: { readonly at: string; readonly nullLabel?: string | undefined },
): ClassificationReport {
  const lines = joinLabels(gold, predictions, at);
  assertLines(lines.length, at);
  const counts = new Map<string, TypeCounts>();
  let right = 0;
  for (const { labels, predicted } of lines) {
    addToTypes(counts, labels, predicted);
    if (predicted.size === labels.size && [...labels].every((label) => predicted.has(label))) right++;
  }
  const classes = scoreTypes(counts, []);
  return { lines: lines.length, classes, scores: { accuracy: right / lines.length, ...averages(classes, nullLabel) } };
}

function averages(
  classes: readonly TypeScore[],
  nullLabel: string | undefined,
): Omit<ClassificationScores, "accuracy"> {
  const counted = classes.filter(({ type }) => type !== nullLabel);
  const sum = (of: "gold" | "predicted" | "correct"): number => counted.reduce((total, one) => total + one[of], 0);
  const microPrecision = ratio(sum("correct"), sum("predicted")) ?? 0;
  const microRecall = ratio(sum("correct"), sum("gold")) ?? 0;
  return {
    microPrecision,
    microRecall,
    microF1: harmonicMean(microPrecision, microRecall),
    macroF1: meanOf(counted.map(({ f1 = 0 }) => f1)),
  };
}
