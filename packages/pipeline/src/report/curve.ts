/** A number that changed over the steps of a run. */
export interface Curve {
  /** `pretrain/mlm`, `finetune/loss`, … */
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

/** A number at one step. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
  /** Since the stage began. */
  readonly seconds: number;
}

/**
 * Losses by step as curves; a step that counted nothing leaves no point.
 *
 * @param losses one value a step by loss, NaN where a step counted nothing
 * @param seconds of all steps
 */
export function curvesOf(
  stage: string,
  losses: Readonly<Record<string, readonly number[]>>,
  seconds: number,
): readonly Curve[] {
  return Object.entries(losses).map(([name, values]) => ({
    name: `${stage}/${name}`,
    points: values.flatMap((value, index) =>
      Number.isNaN(value) ? [] : [{ step: index + 1, value, seconds: (seconds * (index + 1)) / values.length }],
    ),
  }));
}
