import { assertLines, joinLabels, type LabelledLine } from "./joined-labels.ts";
import { addToTypes, harmonicMean, meanOf, ratio, scoreTypes, type TypeCounts, type TypeScore } from "./type-scores.ts";

/**
 * The scores of entity typing, all in [0, 1]. With T the gold set, Y the predicted set of a line and n lines:
 *
 * @source Ling and Weld, AAAI 2012, section 4; ERNIE-THU's and UFET's released scorers, whose macro averages differ: ERNIE
 * divides by all lines, UFET by the lines that have a prediction (P) or gold labels (R)
 */
export type EntityTypingScores = {
  /** Share of lines with T = Y; both empty counts. */
  readonly strictAccuracy: number;
  /** Σ |T∩Y|/|Y| over lines with a prediction, divided by n (ERNIE's). */
  readonly looseMacroPrecision: number;
  /** Σ |T∩Y|/|T| over lines with gold labels, divided by n (ERNIE's): gold against gold is below 1 where a line has none. */
  readonly looseMacroRecall: number;
  /** Of the two averages above. */
  readonly looseMacroF1: number;
  /** Of the same sums divided by the lines with a prediction (P) and by the lines with gold labels (R) (UFET's). */
  readonly looseMacroF1NonEmpty: number;
  /** Σ |T∩Y| / Σ |Y|; 0 where nothing is predicted. */
  readonly looseMicroPrecision: number;
  /** Σ |T∩Y| / Σ |T|; 0 where there is no gold label at all. */
  readonly looseMicroRecall: number;
  readonly looseMicroF1: number;
};

/** Everything that a comparison of predictions with gold labels gives. */
export interface EntityTypingReport {
  readonly lines: number;
  readonly scores: EntityTypingScores;
  /** Sorted by type. */
  readonly types: readonly TypeScore[];
  /** Mean of the F1 of all types that have one. */
  readonly perTypeF1: number;
}

/** Counts line by line and scores at the end; holds no line. */
export interface EntityTypingCounter {
  add(gold: ReadonlySet<string>, predicted: ReadonlySet<string>): void;
  /**
   * @param types types that are listed even where no line has them
   * @throws InputError `tasks.score.empty` where no line was added
   */
  report(types?: readonly string[]): EntityTypingReport;
}

interface Sums {
  lines: number;
  equal: number;
  withGold: number;
  withPrediction: number;
  precision: number;
  recall: number;
  correct: number;
  gold: number;
  predicted: number;
}

/** Starts an empty count. */
export function entityTypingCounter(): EntityTypingCounter {
  const sums: Sums = {
    lines: 0,
    equal: 0,
    withGold: 0,
    withPrediction: 0,
    precision: 0,
    recall: 0,
    correct: 0,
    gold: 0,
    predicted: 0,
  };
  const types = new Map<string, TypeCounts>();
  return {
    add: (gold, predicted) => {
      addToSums(sums, gold, predicted);
      addToTypes(types, gold, predicted);
    },
    report: (listed = []) => {
      assertLines(sums.lines, "tasks.entity-typing");
      const scored = scoreTypes(types, listed);
      return {
        lines: sums.lines,
        scores: scoresOf(sums),
        types: scored,
        perTypeF1: meanOf(scored.flatMap(({ f1 }) => (f1 === undefined ? [] : [f1]))),
      };
    },
  };
}

/**
 * Scores predictions against gold labels, joined by id.
 *
 * @throws InputError `tasks.score.doubled` for an id that stands twice on one side, `tasks.score.missing` for one that
 * stands on one side only, `tasks.score.empty` without lines
 */
export function scoreEntityTypes(
  gold: Iterable<LabelledLine>,
  predictions: Iterable<LabelledLine>,
  types?: readonly string[],
): EntityTypingReport {
  const counter = entityTypingCounter();
  for (const { labels, predicted } of joinLabels(gold, predictions, "tasks.entity-typing"))
    counter.add(labels, predicted);
  return counter.report(types);
}

function addToSums(sums: Sums, gold: ReadonlySet<string>, predicted: ReadonlySet<string>): void {
  let correct = 0;
  for (const label of predicted) if (gold.has(label)) correct++;
  sums.lines++;
  sums.correct += correct;
  sums.gold += gold.size;
  sums.predicted += predicted.size;
  if (correct === gold.size && correct === predicted.size) sums.equal++;
  if (predicted.size > 0) {
    sums.withPrediction++;
    sums.precision += correct / predicted.size;
  }
  if (gold.size > 0) {
    sums.withGold++;
    sums.recall += correct / gold.size;
  }
}

function scoresOf(sums: Sums): EntityTypingScores {
  const looseMacroPrecision = sums.precision / sums.lines;
  const looseMacroRecall = sums.recall / sums.lines;
  const looseMicroPrecision = ratio(sums.correct, sums.predicted) ?? 0;
  const looseMicroRecall = ratio(sums.correct, sums.gold) ?? 0;
  return {
    strictAccuracy: sums.equal / sums.lines,
    looseMacroPrecision,
    looseMacroRecall,
    looseMacroF1: harmonicMean(looseMacroPrecision, looseMacroRecall),
    looseMacroF1NonEmpty: harmonicMean(
      ratio(sums.precision, sums.withPrediction) ?? 0,
      ratio(sums.recall, sums.withGold) ?? 0,
    ),
    looseMicroPrecision,
    looseMicroRecall,
    looseMicroF1: harmonicMean(looseMicroPrecision, looseMicroRecall),
  };
}
