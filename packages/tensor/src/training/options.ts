import type { Progress, Streams } from "@kgraft/runtime";
import type { BatchSource, HostArray, LossFunction } from "../contract.ts";
import type { OptimiserConfig } from "../optimiser/config.ts";
import type { LayerwiseDecay, ParameterGroup } from "../optimiser/groups.ts";
import type { ScheduleConfig } from "../optimiser/schedule.ts";
import type { Parameters } from "../parameters.ts";
import type { TrainingLength } from "./steps.ts";

/** What a training run is made of. */
export interface TrainOptions {
  /** Trained in place. */
  readonly parameters: Parameters;
  readonly losses: LossFunction;
  /** By loss name; 1 where absent. */
  readonly lossWeights?: Readonly<Record<string, number>>;
  /** Arrays that never change: they go to the device once and are part of every batch. */
  readonly constants?: Readonly<Record<string, HostArray>>;
  readonly data: BatchSource;
  readonly length: TrainingLength;
  readonly optimiser: OptimiserConfig;
  readonly schedule: ScheduleConfig;
  readonly groups?: readonly ParameterGroup[];
  readonly layerwiseDecay?: LayerwiseDecay;
  /** Global norm that gradients are clipped to. */
  readonly clipNorm?: number;
  /** Keeps small gradients from vanishing where numbers are short. Default: none. */
  readonly lossScaling?: LossScaling;
  /** Batches a step. Default 1. */
  readonly accumulate?: number;
  /** Dropout keys come from its stream `dropout`. */
  readonly streams: Streams;
  /** Beside the bar and in errors. */
  readonly label: string;
  readonly progress: Progress;
  /** Once aborted: the step is finished, a checkpoint written, and the run returns. */
  readonly signal?: AbortSignal;
  readonly checkpoint?: CheckpointOptions;
  readonly evaluate?: EvaluationOptions;
  onStep?(record: StepRecord): void;
}

/**
 * What losses are multiplied by before the pass backward: a fixed number of at least 1; or one that begins at `initial`
 * (default 65536), is halved where gradients are not finite (the weights then stay, and so do the moments), and is doubled
 * after `growEvery` updates without that (default 2000).
 */
export type LossScaling = { readonly scale: number } | { readonly initial?: number; readonly growEvery?: number };

/** Where and how often a run is saved. */
export interface CheckpointOptions {
  readonly folder: string;
  readonly everySteps: number;
  /** Also where this long has passed since the last one. */
  readonly everySeconds?: number;
  /** How many of the last are kept, beside the best. */
  readonly keep: number;
  /** Stands for everything that decides the run's outcome; a checkpoint of another is refused. */
  readonly configHash: string;
  /** Go on from the last checkpoint where there is one. */
  readonly resume: boolean;
}

/** How a run is measured on its way. */
export interface EvaluationOptions {
  /** Steps, or after each epoch; in any case after the last step. */
  readonly every: number | "epoch";
  /** Measures the parameters as they are now. */
  run(step: number): Promise<Readonly<Record<string, number>>>;
  /** Which of the metrics decides. */
  readonly metric: string;
  /** Whether the metric should rise or fall. Default "max". */
  readonly goal?: "max" | "min";
  /** Stop after so many evaluations without a better one. */
  readonly patience?: number;
  /** End with the weights of the best evaluation. */
  readonly restoreBest?: boolean;
}

/** One finished step. */
export interface StepRecord {
  /** Steps done: 1 after the first. */
  readonly step: number;
  readonly epoch: number;
  /** Means (sum / weight) by name; a loss that counted nothing in this step is left out. */
  readonly losses: Readonly<Record<string, number>>;
  /** The optimiser's rate times the schedule's factor. */
  readonly rate: number;
  /** Length of this step. */
  readonly seconds: number;
  /** Where losses are scaled: by what in this step, and whether its update was left out. */
  readonly scaling?: { readonly scale: number; readonly skipped: boolean };
  /** Non-padding tokens of this step. */
  readonly tokens: number;
}

/** One evaluation. */
export interface Evaluation {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The best evaluation so far. */
export interface Best {
  readonly step: number;
  readonly value: number;
}

/** What a training run gives, over all its sessions. */
export interface TrainResult {
  readonly steps: number;
  readonly seconds: number;
  readonly tokens: number;
  /** One value a step by name (float32); NaN where a step counted nothing. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
  readonly evaluations: readonly Evaluation[];
  readonly best?: Best;
  readonly stopped: "length" | "patience" | "signal";
}
