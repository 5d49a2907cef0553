import { join } from "node:path";
import type { FusedEncoder } from "@kgraft/fusion";
import { InputError, type Progress, RunError, type Streams } from "@kgraft/runtime";
import {
  type BatchSource,
  type CheckpointOptions,
  type Parameters,
  type StepRecord,
  type TrainResult,
  train,
} from "@kgraft/tensor";
import type { Tokenizer } from "@kgraft/text";
import type { SplitResult, Splits, Task, TaskReport } from "./contract.ts";
import { exampleScorer } from "./example-scorer.ts";
import { parametersBelow } from "./frozen-layers.ts";
import type { JournalPlace } from "./journal.ts";
import { type PreparedSplits, prepareSplit, storeLowerStates } from "./prepared-splits.ts";
import type { StoredStates } from "./stored-states.ts";
import { TaskModel } from "./task-model.ts";
import { trainingGroups } from "./training-groups.ts";

/** What fine-tuning takes. */
export interface FinetuneInput<Report extends TaskReport> {
  readonly task: Task<Report>;
  readonly model: FusedEncoder;
  /** The encoder's and the strategy's parameters, trained in place; the head's are added. */
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
  readonly streams: Streams;
  readonly progress: Progress;
  /** Where hidden states below the frozen layers are kept between runs; absent: in memory. */
  readonly statesFolder?: string | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  /** Once aborted, the step is finished and saved, and a RunError `tasks.stopped` thrown. */
  readonly signal?: AbortSignal | undefined;
  onStep?(record: StepRecord): void;
}

/** What fine-tuning gives. */
export interface FinetuneResult<Report extends TaskReport> {
  /** Absent where there are no validation examples. */
  readonly validation?: SplitResult<Report>;
  readonly test: SplitResult<Report>;
  readonly training: TrainResult;
  /** What happened to the examples, by split and name: links used, pieces and targets cut off. */
  readonly counts: Readonly<Record<keyof Splits, Readonly<Record<string, number>>>>;
  /** The layer whose stored input training started from; 0 where nothing was stored. */
  readonly storedLayer: number;
  readonly seconds: Readonly<Record<"prepare" | "states" | "train" | "evaluate", number>>;
}

/**
 * Trains a task's head with the fused encoder under it, and scores validation and test.
 *
 * Where the lowest layers are frozen and the strategy starts above them, their hidden states are computed once for each
 * example; dropout below that layer is then off. The order of examples is a function of seed and epoch alone.
 *
 * @throws InputError for examples, options or a checkpoint that do not fit; RunError where training diverges or is stopped
 */
export async function finetune<Report extends TaskReport>(
  input: FinetuneInput<Report>,
): Promise<FinetuneResult<Report>> {
  const run = await Finetuning.prepare(input);
  try {
    return await run.toEnd();
  } finally {
    await run.close();
  }
}

class Finetuning<Report extends TaskReport> {
  readonly #input: FinetuneInput<Report>;
  readonly #splits: PreparedSplits;
  readonly #states: StoredStates | undefined;
  readonly #model: TaskModel<Report>;
  readonly #seconds: Record<"prepare" | "states" | "train" | "evaluate", number>;

  private constructor(
    input: FinetuneInput<Report>,
    splits: PreparedSplits,
    states: StoredStates | undefined,
    seconds: { readonly prepare: number; readonly states: number },
  ) {
    this.#input = input;
    this.#splits = splits;
    this.#states = states;
    this.#model = new TaskModel(input.task, input.model, states);
    this.#seconds = { ...seconds, train: 0, evaluate: 0 };
  }

  static async prepare<Report extends TaskReport>(input: FinetuneInput<Report>): Promise<Finetuning<Report>> {
    const { task, progress } = input;
    assertValidation(task);
    for (const note of task.notes) progress.note(`${task.name}: ${note}`);
    const clock = stopwatch();
    const splits = {
      train: await prepareSplit("train", input),
      validation: await prepareSplit("validation", input),
      test: await prepareSplit("test", input),
    };
    const prepare = clock();
    const states = await storeLowerStates(input, splits);
    return new Finetuning(input, splits, states, { prepare, states: clock() - prepare });
  }

  async toEnd(): Promise<FinetuneResult<Report>> {
    const { task, parameters, streams } = this.#input;
    parameters.add(task.parameters, streams);
    const training = await this.#train();
    if (training.stopped === "signal") throw stopped(task.name, training.steps);
    const validation = this.#splits.validation.gold.length === 0 ? undefined : await this.#scored("validation", "last");
    const test = await this.#scored("test", "last");
    const { train: trained, validation: watched, test: tested } = this.#splits;
    return {
      ...(validation && { validation }),
      test,
      training,
      counts: { train: trained.counts, validation: watched.counts, test: tested.counts },
      storedLayer: this.#states?.layer ?? 0,
      seconds: this.#seconds,
    };
  }

  async close(): Promise<void> {
    await this.#states?.close();
  }

  async #train(): Promise<TrainResult> {
    const { task, model, parameters, streams, progress, checkpoint, signal, onStep } = this.#input;
    const { rate, newRate, warmup, schedule, clip, weightDecay, epochs, freezeLayers, keep } = task.training;
    const clock = stopwatch();
    const spent = this.#seconds.evaluate;
    const result = await train({
      parameters,
      losses: this.#model.losses,
      constants: model.constants,
      data: this.#source(),
      length: { epochs },
      optimiser: { name: "adamw", rate, decay: weightDecay },
      schedule: { name: schedule, warmup },
      groups: trainingGroups(model, parameters, {
        stage: "finetuning",
        newRate,
        frozen: frozenNames(this.#input, freezeLayers),
      }),
      clipNorm: clip,
      streams,
      label: `Fine-tuning ${task.name}`,
      progress,
      ...(checkpoint && { checkpoint }),
      ...(signal && { signal }),
      ...(onStep && { onStep }),
      ...(keep === "best" && {
        evaluate: {
          every: "epoch",
          metric: task.metric,
          restoreBest: true,
          run: async () => (await this.#scored("validation")).report.scores,
        },
      }),
    });
    this.#seconds.train = clock() - (this.#seconds.evaluate - spent);
    return result;
  }

  /** The same (epoch, index) always gives the same batch. */
  #source(): BatchSource {
    const { batches } = this.#splits.train;
    const { streams } = this.#input;
    const plan = lastOnly((epoch: number) => batches.plan(streams.at("batches", epoch)));
    return {
      batchesInEpoch: (epoch) => plan(epoch).length,
      batch: (epoch, index) => this.#model.batch(plan(epoch)[index] as ReturnType<typeof plan>[number]),
    };
  }

  /** @param when only what is scored last, with the final weights, may go on from where an earlier run was stopped */
  async #scored(split: "validation" | "test", when: "between" | "last" = "between"): Promise<SplitResult<Report>> {
    const clock = stopwatch();
    const result = (await this.#evaluated(split, when)) ?? (await this.#predicted(split));
    this.#seconds.evaluate += clock();
    return result;
  }

  #evaluated(split: "validation" | "test", when: "between" | "last"): Promise<SplitResult<Report>> | undefined {
    const { task, streams, progress, signal, checkpoint } = this.#input;
    return task.evaluate?.(split, {
      score: exampleScorer(this.#input),
      streams,
      progress,
      signal,
      journal: checkpoint && when === "last" ? journalOf(checkpoint, split) : undefined,
    });
  }

  async #predicted(split: "validation" | "test"): Promise<SplitResult<Report>> {
    const { task, parameters, progress } = this.#input;
    const { gold, prepared, batches, fitting } = this.#splits[split];
    const bar = progress.bar(`Predicting ${split}`, fitting);
    const predictions = await this.#model.predict(parameters, prepared, batches, (done) => bar.update(done));
    const report = task.score(gold, predictions);
    bar.end();
    return { predictions, report };
  }
}

function frozenNames<Report extends TaskReport>({ model, task }: FinetuneInput<Report>, layers: number) {
  return parametersBelow(model.encoder, layers, `${task.name}.freezeLayers`);
}

function assertValidation<Report extends TaskReport>({ name, training, splits }: Task<Report>): void {
  if (training.keep === "best" && splits.validation.length === 0)
    throw new InputError({
      code: "tasks.validation.none",
      at: `${name}.keep`,
      problem: 'is "best", but there are no validation examples to choose by',
      fix: "Give a validation file, or set keep: last",
    });
}

function journalOf({ folder, configHash, resume }: CheckpointOptions, split: string): JournalPlace {
  return { path: join(`${folder}-evaluation`, `${split}.jsonl`), key: configHash, goOn: resume };
}

function stopped(name: string, steps: number): RunError {
  return new RunError({
    code: "tasks.stopped",
    at: `tasks.${name}`,
    problem: `stopped after ${steps} steps`,
    fix: "Run again with --resume to go on from there",
  });
}

/** Seconds since it was made. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => (performance.now() - start) / 1000;
}

/** Keeps the last value of a function, for calls that mostly repeat themselves. */
function lastOnly<Value>(compute: (key: number) => Value): (key: number) => Value {
  let last: { readonly key: number; readonly value: Value } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}
