import type { Stream, TransformerEncoder } from "@kgraft/encoder";
import type { BatchShape, PreparedText, SeamInput } from "@kgraft/fusion";
import type { Graph } from "@kgraft/kg";
import type { Definition, Draw, Progress, Streams } from "@kgraft/runtime";
import type { HostArray, Loss, ParameterSpec, TensorBatch, tf } from "@kgraft/tensor";
import type { SentencePairOptions, TextExample, Tokenizer } from "@kgraft/text";
import type { JournalPlace } from "./journal.ts";
import type { PredictedTriple, Prediction } from "./predictions.ts";
import type { TaskFileOptions, TrainingOptions } from "./task-options.ts";

/** The examples of a task by their part of the data. */
export interface Splits {
  readonly train: readonly TextExample[];
  /** Empty where a task is trained without looking. */
  readonly validation: readonly TextExample[];
  readonly test: readonly TextExample[];
}

/** What a task is made from. */
export interface TaskNeeds {
  readonly splits: Splits;
  readonly encoder: TransformerEncoder;
}

/** Scores of a split: `scores` go to `metrics.json`, what else there is to the report. */
export interface TaskReport {
  readonly lines: number;
  readonly scores: Readonly<Record<string, number>>;
}

/** A split's predictions, in the order of its examples, and their scores. */
export interface SplitResult<Report extends TaskReport> {
  readonly predictions: readonly Prediction[];
  readonly report: Report;
  /** Triples that the model would add to the graph, where the task looks for some. */
  readonly triples?: readonly PredictedTriple[];
}

/** What an evaluation works with that is more than one prediction an example. */
export interface EvaluationNeeds {
  /** Logits [C] of examples that need not stand in any split, in their order. */
  score(examples: readonly TextExample[]): Promise<readonly Float32Array[]>;
  readonly streams: Streams;
  readonly progress: Progress;
  /** Where long work may note what is done, to go on from there; absent: nothing is kept. */
  readonly journal?: JournalPlace | undefined;
  /** Once aborted, what is done is noted and a RunError `tasks.stopped` thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** A fine-tuning task on texts: a head on the last hidden states, and what is counted right. */
export interface Task<Report extends TaskReport = TaskReport> {
  readonly name: string;
  /** In the order of the logits [C]. */
  readonly labels: readonly string[];
  /** The head's parameters, `head/<task>/…`. */
  readonly parameters: readonly ParameterSpec[];
  readonly training: TrainingOptions;
  /** The score by which `keep: best` chooses; higher is better. */
  readonly metric: string;
  /** What a person should know of the data: labels never seen in training, … */
  readonly notes: readonly string[];
  /** The examples, checked and, where the task says so, changed before tokenisation (markers). */
  readonly splits: Splits;
  /** The examples to train on where they are not those of the split: with negatives drawn, once before the first epoch. */
  trainingExamples?(streams: Streams): readonly TextExample[];
  /**
   * Predictions for the test split that cost no training, by the baseline's name.
   *
   * @param graph opens the config's graph, where there is one
   */
  baselines?(graph: (() => Promise<Graph>) | undefined): Promise<Readonly<Record<string, readonly Prediction[]>>>;
  /** Whether all that the head reads was left by the length limit; otherwise nothing is predicted. */
  fits(example: PreparedText): boolean;
  /** The task's own arrays of a batch of examples that fit, `task/<task>/…`. */
  collate(examples: readonly PreparedText[], shape: BatchShape): Readonly<Record<string, HostArray>>;
  /**
   * @param hidden last hidden states, float32 [B, T, H]
   * @returns float32 [B, …]: as many numbers for each example as `predict` reads
   */
  logits(hidden: tf.Tensor, at: SeamInput): tf.Tensor;
  /** @param logits as `logits` gives them */
  loss(logits: tf.Tensor, at: SeamInput): Loss;
  /**
   * @param logits those of this example, row-major
   * @throws RunError `tasks.logits` where one is not finite
   */
  predict(example: PreparedText, logits: Float32Array): Prediction;
  score(gold: readonly TextExample[], predictions: readonly Prediction[]): Report;
  /** Evaluates a split in its own way, instead of `predict` for each example and `score`: ranking among all entities. */
  evaluate?(split: "validation" | "test", needs: EvaluationNeeds): Promise<SplitResult<Report>>;
}

/** A task that can be chosen by name. */
export interface TaskDefinition<
  Options extends TaskFileOptions = TaskFileOptions,
  Report extends TaskReport = TaskReport,
> extends Definition<Options, TaskNeeds, Task<Report>> {
  /** What its examples are: only strategies that accept these can be trained on it. */
  readonly examples: "text" | "triple";
}

/** What an objective is made from. */
export interface ObjectiveNeeds {
  readonly encoder: TransformerEncoder;
  readonly tokenizer: Tokenizer;
}

/** A batch as an objective meets it, before it goes to the device. */
export interface ObjectiveBatch {
  readonly examples: readonly PreparedText[];
  /** Index of each example's first piece among those of [B, T]: where its row begins, or further on in a row that it shares. */
  readonly starts: readonly number[];
  readonly shape: BatchShape;
  /** int32 [B, T]; what an objective hides it overwrites here: the array belongs to the batch being made. */
  readonly ids: Int32Array;
  /** [B, T], 1 where an objective has changed a piece: others leave it alone, and mark their own. */
  readonly taken: Uint8Array;
  /**
   * The stream of an example: the same for every strategy, batch size, order and layout of batches.
   *
   * @param purpose tells several streams of one objective apart
   */
  draw(example: number, purpose?: string): Draw;
}

/** What an objective puts before the encoder inside a step. */
export interface ObjectiveFeed {
  /** The batch that the encoder reads instead. */
  readonly batch: TensorBatch;
  readonly losses: Readonly<Record<string, Loss>>;
}

/** A pre-training objective that belongs to no strategy. */
export interface Objective {
  readonly name: string;
  /** Names of its losses, its own first. */
  readonly lossNames: readonly string[];
  /** Its heads' parameters. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * The pairs it must be given: segments of documents, cut and labelled by class as `sentencePairs` says; `given`: examples
   * that bring a pair. Absent: any text.
   */
  readonly pairs?: SentencePairOptions["kind"] | "given";
  /** Whether a piece sees only what stands before it: then no other objective may stand beside it. */
  readonly causal?: boolean;
  /** Corrupts the ids of a batch and gives the arrays that the losses read, `objective/<name>/…`, or other positions and visibility. */
  corrupt(batch: ObjectiveBatch): Readonly<Record<string, HostArray>>;
  /** Runs before the encoder. */
  feed?(at: SeamInput): ObjectiveFeed;
  /** @param hidden last hidden states, float32 [B, T, H] */
  losses(hidden: tf.Tensor, stream: Stream, at: SeamInput): Readonly<Record<string, Loss>>;
}

/** An objective that can be chosen by name. */
export type ObjectiveDefinition<Options = unknown> = Definition<Options, ObjectiveNeeds, Objective>;
