/** A number that changed over the steps of a run. */
export interface Curve {
  /** `pretrain/mlm`, `finetune/loss`, … */
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly step: number;
  readonly value: number;
  /** Since the stage began. */
  readonly seconds: number;
}
