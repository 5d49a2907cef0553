/** The result of one arm with one seed. */
export interface Cell {
  readonly arm: string;
  readonly seed: number;
  /** Scores by split, then by metric, fractions of 1. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By stage; a stage that was there already counts what it once took. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly parameters: { readonly total: number };
  readonly backend: string;
}

/** Mean over seeds; the sample deviation where there are two or more. */
export interface Spread {
  readonly mean: number;
  readonly deviation?: number | undefined;
}

/** One row of a comparison. */
export interface ArmSummary {
  readonly arm: string;
  readonly seeds: readonly number[];
  /** By metric, on the split that the comparison shows. */
  readonly scores: Readonly<Record<string, Spread>>;
  /** Means by stage. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly parameters: { readonly total: number };
  readonly backend: string;
}

/** Puts cells together by arm, in the order in which arms first occur. */
export function summariseArms(cells: readonly Cell[], split: string): readonly ArmSummary[] {
  const arms = [...new Set(cells.map(({ arm }) => arm))];
  return arms.map((arm) => {
    const own = cells.filter((cell) => cell.arm === arm);
    const first = own[0] as Cell;
    const metrics = Object.keys(first.scores[split] ?? {});
    const stages = [...new Set(own.flatMap(({ seconds }) => Object.keys(seconds)))];
    return {
      arm,
      seeds: own.map(({ seed }) => seed),
      scores: Object.fromEntries(
        metrics.map((metric) => [metric, spread(own.map(({ scores }) => scores[split]?.[metric] ?? Number.NaN))]),
      ),
      seconds: Object.fromEntries(
        stages.map((stage) => [stage, spread(own.map(({ seconds }) => seconds[stage] ?? 0)).mean]),
      ),
      parameters: first.parameters,
      backend: first.backend,
    };
  });
}

/** The metrics that a narrow table shows, with the heads of their columns. */
const HEADLINES: Readonly<Record<string, string>> = {
  strictAccuracy: "strict acc.",
  looseMacroF1: "macro F1",
  looseMicroF1: "micro F1",
  accuracy: "accuracy",
  microF1: "micro F1",
  macroF1: "macro F1",
  mrr: "MRR",
  "hits@1": "hits@1",
  "hits@10": "hits@10",
};

/** Names and column heads of the metrics that a narrow table of some arms shows; all where none of ours is among them. */
export function headlineMetrics(arms: readonly Pick<ArmSummary, "scores">[]): readonly (readonly [string, string])[] {
  const all = [...new Set(arms.flatMap(({ scores }) => Object.keys(scores)))];
  const chosen = Object.entries(HEADLINES).filter(([metric]) => all.includes(metric));
  return chosen.length > 0 ? chosen : all.map((metric) => [metric, metric]);
}

/** The stages of a run in the order in which they are worked through. */
const STAGES = ["link", "embed", "pretrain", "finetune", "evaluate"];

/** The stages that any of some arms went through, in order. */
export function stagesOf(arms: readonly Pick<ArmSummary, "seconds">[]): readonly string[] {
  return STAGES.filter((stage) => arms.some(({ seconds }) => stage in seconds));
}

/** Mean and sample standard deviation. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** A score for people: in percent, but a mean rank as it is. */
export function shownScore(metric: string, spread: Spread): string {
  if (!/(^|\.)mr$/.test(metric)) return percent(spread);
  const { mean, deviation } = spread;
  return deviation === undefined ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`;
}

/** `46.6 ± 0.4`, in percent. */
export function percent({ mean, deviation }: Spread): string {
  const shown = (100 * mean).toFixed(1);
  return deviation === undefined ? shown : `${shown} ± ${(100 * deviation).toFixed(1)}`;
}

/** `11.2 M`, `658 k`, `12`. */
export function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  return value >= 1e4 ? `${Math.round(value / 1e3)} k` : String(value);
}
