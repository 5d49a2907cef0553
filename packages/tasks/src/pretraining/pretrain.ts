import { join } from "node:path";
import { maxLength as positionLimit } from "@kgraft/encoder";
import type { FusedEncoder } from "@kgraft/fusion";
import { InputError, type Progress, RunError, type Streams, suggestion } from "@kgraft/runtime";
import {
  type CheckpointOptions,
  type Loss,
  type LossFunction,
  type ParameterSpec,
  type Parameters,
  type StepRecord,
  type TrainResult,
  train,
} from "@kgraft/tensor";
import type { Tokenizer } from "@kgraft/text";
import type { Objective } from "../contract.ts";
import { parametersBelow } from "../frozen-layers.ts";
import { trainingGroups } from "../training-groups.ts";
import { type FrozenStates, openFrozenStates } from "./frozen-states.ts";
import { assertPackable, pairsOf } from "./objective-needs.ts";
import type { PretrainOptions } from "./options.ts";
import { PretrainingBatches } from "./pretraining-batches.ts";
import { PretrainingTexts, type TextSource } from "./pretraining-texts.ts";

/** What continued pre-training takes. */
export interface PretrainInput {
  /** Linked, where the strategy reads links: an array, or documents on disk. */
  readonly examples: TextSource;
  readonly objectives: readonly Objective[];
  readonly model: FusedEncoder;
  /** The encoder's and the strategy's parameters, trained in place; the heads' are added where they are not there yet. */
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
  readonly options: PretrainOptions;
  readonly streams: Streams;
  readonly progress: Progress;
  /** Where hidden states of an encoder that stays as it is are kept between runs; absent: in memory. */
  readonly statesFolder?: string | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  /** Once aborted, the step is finished and saved, and a RunError `tasks.stopped` thrown. */
  readonly signal?: AbortSignal | undefined;
  /** @param record its step is counted over both stages */
  onStep?(record: StepRecord): void;
}

/** What continued pre-training gives. */
export interface PretrainResult {
  readonly steps: number;
  /** One value a step by loss, NaN where a step counted nothing. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
  /** Examples read, repetitions counted. */
  readonly examplesSeen: number;
  readonly tokens: number;
  /** Links used and without vector, pieces cut off, by name, over the corpus. */
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Steps that train the same parameters. */
interface Stage {
  readonly name: "heads" | "all";
  readonly from: number;
  readonly steps: number;
  readonly frozenLayers: "all" | number;
}

/**
 * Trains encoder and strategy on the neutral objectives and the strategy's own losses, as a weighted sum.
 *
 * For the first `headSteps` the encoder stays as it is, so that heads that start at random do not spoil it. Under every
 * strategy the same texts come in the same order with the same masks.
 *
 * @throws InputError `tasks.pretrain.empty`, `tasks.pretrain.losses`, and for options or a checkpoint that do not fit;
 * RunError where training diverges or is stopped
 */
export async function pretrain(input: PretrainInput): Promise<PretrainResult> {
  const { model, objectives, parameters, streams } = input;
  const started = performance.now();
  assertLosses(input);
  if (input.options.pack) assertPackable(objectives, model);
  parameters.add(newHeads(input), streams);
  const { counts, batches } = await prepareCorpus(input);
  const results: TrainResult[] = [];
  for (const stage of stagesOf(input.options)) {
    const result = await runStage(stage, batches, input);
    if (result.stopped === "signal") throw stopped(stage.from + result.steps);
    results.push(result);
  }
  return {
    steps: input.options.steps,
    losses: joined(results),
    examplesSeen: await batches.examplesSeen(input.options.steps),
    tokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
    counts,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The heads' parameters that pre-training adds: those that are not there yet, each once. */
export function newHeads({
  objectives,
  model,
  parameters,
}: Pick<PretrainInput, "objectives" | "model" | "parameters">): readonly ParameterSpec[] {
  const heads = [...objectives.flatMap((objective) => objective.parameters), ...model.headParameters];
  return [...new Map(heads.map((spec) => [spec.name, spec])).values()].filter(({ name }) => !parameters.has(name));
}

async function prepareCorpus(
  input: PretrainInput,
): Promise<{ readonly counts: PretrainingTexts["counts"]; readonly batches: PretrainingBatches }> {
  const { examples, model, objectives, tokenizer, options, streams } = input;
  const maxLength = Math.min(options.maxLength, positionLimit(model.encoder.config));
  const pairs = pairsOf(objectives, model);
  const texts = await PretrainingTexts.read(examples, { model, tokenizer, maxLength, streams, pairs });
  const { batchSize, batchTokens } = options;
  const limit = batchTokens === undefined ? { batchSize: batchSize ?? 32 } : { batchTokens };
  const packed = options.pack ? maxLength : undefined;
  const batches = new PretrainingBatches({ model, objectives, streams, texts, limit, packed });
  return { counts: texts.counts, batches };
}

function stagesOf({ steps, headSteps, freezeLayers }: PretrainOptions): readonly Stage[] {
  const heads: Stage = { name: "heads", from: 0, steps: headSteps, frozenLayers: "all" };
  const all: Stage = { name: "all", from: headSteps, steps: steps - headSteps, frozenLayers: freezeLayers };
  return [heads, all].filter((stage) => stage.steps > 0);
}

async function runStage(stage: Stage, batches: PretrainingBatches, input: PretrainInput): Promise<TrainResult> {
  const states = await openFrozenStates(input, {
    frozen: isFrozen(stage, input),
    examples: () => batches.read(stage.from, stage.steps),
  });
  try {
    return await trainStage(stage, batches, input, states);
  } finally {
    await states?.close();
  }
}

/** Whether the whole encoder stays as it is in a stage. */
function isFrozen({ frozenLayers }: Stage, { model }: PretrainInput): boolean {
  const { encoder, fusion } = model;
  return (
    frozenLayers === "all" || frozenLayers === encoder.config.numLayers || fusion.freezes?.pretraining?.encoder === true
  );
}

function trainStage(
  stage: Stage,
  batches: PretrainingBatches,
  input: PretrainInput,
  states: FrozenStates | undefined,
): Promise<TrainResult> {
  const { model, parameters, options, streams, progress, checkpoint, signal } = input;
  const { rate, newRate, warmup, schedule, clip, weightDecay } = options;
  const { encoder } = model;
  const frozen =
    stage.frozenLayers === "all"
      ? encoder.parameters.map(({ name }) => name)
      : parametersBelow(encoder, stage.frozenLayers, "pretrain.freezeLayers");
  return train({
    parameters,
    losses: lossesOf(input, states),
    lossWeights: lossWeights(input),
    constants: model.constants,
    data: batches.source(stage.from, stage.steps, states),
    length: { steps: stage.steps },
    optimiser: { name: "adamw", rate: stage.frozenLayers === "all" ? newRate : rate, decay: weightDecay },
    schedule: { name: schedule, warmup },
    groups: trainingGroups(model, parameters, { stage: "pretraining", newRate, frozen }),
    clipNorm: clip,
    streams,
    label: stage.name === "heads" ? "Pre-training new heads" : "Pre-training",
    progress,
    ...(checkpoint && { checkpoint: { ...checkpoint, folder: join(checkpoint.folder, stage.name) } }),
    ...(signal && { signal }),
    onStep: (record) => input.onStep?.({ ...record, step: stage.from + record.step }),
  });
}

/** The objectives' losses and the strategy's own, by name. */
function lossesOf({ objectives, model }: PretrainInput, states: FrozenStates | undefined): LossFunction {
  const range = states && { from: states.layer };
  return (weights, batch, context) => {
    let read = batch;
    const found: Record<string, Loss> = {};
    for (const { feed } of objectives) {
      const fed = feed?.({ weights, batch: read, context });
      read = fed?.batch ?? read;
      Object.assign(found, fed?.losses);
    }
    const run = model.run(weights, read, context, range);
    const at = { weights, batch: read, context };
    for (const one of objectives) Object.assign(found, one.losses(run.stream.hidden, run.stream, at));
    return { ...found, ...model.losses(run, weights, read, context) };
  };
}

/**
 * Stated weights of the losses that are there: those of another strategy's heads say nothing here.
 *
 * @throws InputError `tasks.pretrain.weights` for a name that is almost that of a loss
 */
function lossWeights(input: PretrainInput): Readonly<Record<string, number>> {
  const names = lossNames(input);
  const { weights } = input.options;
  for (const name of Object.keys(weights)) {
    const fix = names.includes(name) ? undefined : suggestion(name, names);
    if (fix !== undefined) throw misspelt(name, names, fix);
  }
  return Object.fromEntries(Object.entries(weights).filter(([name]) => names.includes(name)));
}

function misspelt(name: string, names: readonly string[], fix: string): InputError {
  return new InputError({
    code: "tasks.pretrain.weights",
    at: `pretrain.weights.${name}`,
    problem: `there is no loss "${name}"`,
    wanted: `Losses here: ${names.join(", ")}`,
    fix,
  });
}

function lossNames({ objectives, model }: PretrainInput): readonly string[] {
  return [...objectives.flatMap((objective) => objective.lossNames), ...Object.keys(model.fusion.heads ?? {})];
}

function assertLosses(input: PretrainInput): void {
  const names = lossNames(input);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (names.length > 0 && doubled === undefined) return;
  throw new InputError({
    code: "tasks.pretrain.losses",
    at: "pretrain.objectives",
    problem:
      doubled === undefined
        ? "there is no objective, and the strategy has none of its own"
        : `"${doubled}" stands twice`,
    wanted: doubled === undefined ? "Wanted something to learn" : "Wanted each loss once",
    fix: doubled === undefined ? "Set objectives: [mlm]" : undefined,
  });
}

function stopped(steps: number): RunError {
  return new RunError({
    code: "tasks.stopped",
    at: "tasks.pretrain",
    problem: `stopped after ${steps} steps`,
    fix: "Run again with --resume to go on from there",
  });
}

/** Curves of the stages one after another. */
function joined(results: readonly TrainResult[]): Readonly<Record<string, readonly number[]>> {
  const names = [...new Set(results.flatMap(({ losses }) => Object.keys(losses)))];
  const curve = (name: string) =>
    results.flatMap(({ losses, steps }) => losses[name] ?? new Array<number>(steps).fill(Number.NaN));
  return Object.fromEntries(names.map((name) => [name, curve(name)]));
}
