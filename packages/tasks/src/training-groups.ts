import type { FusedEncoder, TrainingStage } from "@kgraft/fusion";
import type { ParameterGroup, Parameters } from "@kgraft/tensor";

/** What learns, and how fast. */
export interface GroupOptions {
  readonly stage: TrainingStage;
  /** Of the parameters that are not the encoder's. */
  readonly newRate: number;
  /** Names of the encoder's parameters that stay as they are. */
  readonly frozen: readonly string[];
}

/** Groups for training: what is frozen, by options and by the strategy; new parameters at their own rate. */
export function trainingGroups(
  model: FusedEncoder,
  parameters: Parameters,
  { stage, newRate, frozen }: GroupOptions,
): readonly ParameterGroup[] {
  const old = new Set(model.encoder.parameters.map(({ name }) => name));
  const added = parameters.names().filter((name) => !old.has(name));
  return [
    ...[...frozen, ...model.frozenIn(stage)].map((match) => ({ match, frozen: true })),
    ...added.map((match) => ({ match, rate: newRate })),
  ];
}
