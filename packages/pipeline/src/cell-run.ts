import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { streams as streamsOf, writeFileAtomic } from "@kgraft/runtime";
import {
  type FinetuneResult,
  finetune,
  type Objective,
  type ObjectiveDefinition,
  objectiveChoices,
  type PretrainResult,
  pretrain,
  type Task,
  type TaskDefinition,
  type TaskReport,
  writePredictions,
} from "@kgraft/tasks";
import type { CheckpointOptions } from "@kgraft/tensor";
import type { CheckedArm } from "./arms.ts";
import type { Cell } from "./comparison-table.ts";
import { required, type SharedWork } from "./composition.ts";
import { canonicalJson, fingerprint } from "./fingerprint.ts";
import type { Curve } from "./report/curve.ts";
import { type ArmModel, buildModel, controlledExamples, controlledVectors } from "./stages/build-model.ts";
import { type EmbeddedGraph, embedGraph } from "./stages/embed-graph.ts";
import { type LinkedText, linkedText } from "./stages/linked-text.ts";
import { saveCellModel } from "./stages/save-cell-model.ts";

/** Steps between two checkpoints of a training. */
const CHECKPOINT_EVERY = 200;

/** One arm with one seed, in a folder of its own. */
export interface CellRequest {
  readonly shared: SharedWork;
  readonly arm: CheckedArm;
  readonly seed: number;
  readonly folder: string;
  /** Stands for everything that decides the cell's outcome. */
  readonly identity: string;
  readonly resume: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What a finished cell keeps in `cell.json`. */
export interface FinishedCell extends Cell {
  readonly identity: string;
  /** The task's name, under which `metrics.json` has the scores. */
  readonly task: string | undefined;
  readonly curves: readonly Curve[];
  readonly counts: Readonly<Record<string, number>>;
  readonly embedding: Readonly<Record<string, unknown>> | undefined;
}

/** Reads a finished cell; undefined where there is none, or one of another config. */
export async function readFinishedCell(folder: string, identity: string): Promise<FinishedCell | undefined> {
  const text = await readFile(join(folder, "cell.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const cell = JSON.parse(text) as FinishedCell;
  return cell.identity === identity ? cell : undefined;
}

/** Runs an arm from the checkpoint to its scores, and writes model, predictions, metrics and curves. */
export async function runCell(request: CellRequest): Promise<FinishedCell> {
  const run = await CellRun.prepare(request);
  try {
    return await run.toEnd();
  } finally {
    run.dispose();
  }
}

class CellRun {
  readonly #request: CellRequest;
  readonly #text: LinkedText;
  readonly #embedded: EmbeddedGraph | undefined;
  readonly #arm: ArmModel;
  readonly #seconds: Record<string, number> = {};

  private constructor(request: CellRequest, text: LinkedText, embedded: EmbeddedGraph | undefined, arm: ArmModel) {
    this.#request = request;
    this.#text = text;
    this.#embedded = embedded;
    this.#arm = arm;
    if (text.stage !== undefined) this.#seconds.link = text.stage.seconds;
    if (embedded !== undefined) this.#seconds.embed = embedded.stage.seconds;
  }

  static async prepare(request: CellRequest): Promise<CellRun> {
    const { shared, arm, seed, signal } = request;
    await shared.backend();
    const text = await linkedText(shared);
    const needsVectors = arm.definitions.some(({ needs }) => needs.includes("vectors"));
    const embedded = needsVectors ? await embedGraph(shared, seed, signal) : undefined;
    const checkpoint = await shared.checkpoint();
    const streams = streamsOf(seed);
    const needsGraph = arm.definitions.some(({ needs }) => needs.includes("graph"));
    const resources = {
      encoder: checkpoint.encoder.config,
      tokenizer: checkpoint.tokenizer,
      streams,
      graph: needsGraph ? await shared.graph() : undefined,
      vectors: controlledVectors(arm, embedded?.vectors, streams),
    };
    return new CellRun(
      request,
      text,
      embedded,
      await buildModel({ config: shared.config, arm, checkpoint, resources, streams, progress: shared.progress }),
    );
  }

  async toEnd(): Promise<FinishedCell> {
    const { shared, arm, seed, identity } = this.#request;
    const pretrained = await this.#pretrain();
    const finetuned = await this.#finetune();
    const cell: FinishedCell = {
      identity,
      arm: arm.name,
      seed,
      task: shared.config.task?.name,
      scores: finetuned === undefined ? {} : scoresOf(finetuned),
      seconds: this.#seconds,
      parameters: this.#parameterCounts(),
      backend: (await shared.backend()).name,
      curves: [...pretrainCurves(pretrained), ...finetuneCurves(finetuned)],
      counts: { ...pretrained?.counts, ...finetuned?.counts.train },
      embedding: this.#embedded?.metrics,
    };
    await this.#write(cell, finetuned);
    return cell;
  }

  dispose(): void {
    this.#arm.parameters.dispose();
  }

  async #pretrain(): Promise<PretrainResult | undefined> {
    const { shared, arm, seed, signal } = this.#request;
    const { config, progress } = shared;
    if (config.pretrain === undefined) return undefined;
    required(config, "corpus");
    const { tokenizer } = await shared.checkpoint();
    const result = await pretrain({
      ...this.#arm,
      examples: controlledExamples(arm, this.#text.corpus ?? []),
      objectives: await this.#objectives(),
      tokenizer,
      options: config.pretrain,
      streams: streamsOf(seed),
      progress,
      checkpoint: this.#checkpoint("pretrain"),
      signal,
    });
    this.#seconds.pretrain = result.seconds;
    return result;
  }

  async #objectives(): Promise<readonly Objective[]> {
    const { shared } = this.#request;
    const { config } = shared;
    const { encoder, tokenizer } = await shared.checkpoint();
    return objectiveChoices(config.pretrain as NonNullable<typeof config.pretrain>).map(({ name, options }) => {
      const definition = config.registry.get("objective", name, `${config.file}: config.pretrain.objectives`)
        .definition as ObjectiveDefinition;
      return definition.create(definition.options.parse(options), { encoder, tokenizer });
    });
  }

  async #finetune(): Promise<FinetuneResult<TaskReport> | undefined> {
    const { shared, arm, seed, signal } = this.#request;
    const { config, progress } = shared;
    const { splits } = this.#text;
    if (config.task === undefined || splits === undefined) return undefined;
    const { encoder, tokenizer } = await shared.checkpoint();
    const controlled = {
      train: controlledExamples(arm, splits.train),
      validation: controlledExamples(arm, splits.validation),
      test: controlledExamples(arm, splits.test),
    };
    const task: Task = (config.task.definition as TaskDefinition).create(config.task.options as never, {
      splits: controlled,
      encoder,
    });
    const result = await finetune({
      ...this.#arm,
      task,
      tokenizer,
      streams: streamsOf(seed),
      progress,
      checkpoint: this.#checkpoint("finetune"),
      signal,
    });
    const { prepare, states, train, evaluate } = result.seconds;
    this.#seconds.finetune = prepare + states + train;
    this.#seconds.evaluate = evaluate;
    return result;
  }

  #checkpoint(stage: string): CheckpointOptions {
    const { folder, identity, resume } = this.#request;
    return {
      folder: join(folder, "checkpoints", stage),
      everySteps: CHECKPOINT_EVERY,
      keep: 2,
      configHash: fingerprint({ identity, stage }),
      resume,
    };
  }

  #parameterCounts(): Cell["parameters"] {
    const { parameters } = this.#arm;
    return { total: parameters.count() };
  }

  /** `cell.json` is written last: where it stands, everything else does. */
  async #write(cell: FinishedCell, finetuned: FinetuneResult<TaskReport> | undefined): Promise<void> {
    const { shared, folder } = this.#request;
    if (finetuned !== undefined) {
      for (const split of ["validation", "test"] as const) {
        const result = finetuned[split];
        if (result !== undefined)
          await writePredictions(join(folder, "predictions", `${split}.jsonl`), result.predictions);
      }
    }
    await saveCellModel(join(folder, "model"), { shared, cell, arm: this.#request.arm, ...this.#arm });
    await writeFileAtomic(join(folder, "metrics.json"), `${JSON.stringify(metricsOf(cell), null, 2)}\n`);
    await writeFileAtomic(join(folder, "cell.json"), canonicalJson(cell));
    await rm(join(folder, "checkpoints"), { recursive: true, force: true });
  }
}

/** The scores as `metrics.json` has them: by task, split and metric. */
export function metricsOf({
  task,
  scores,
}: Pick<FinishedCell, "task" | "scores">): Readonly<Record<string, FinishedCell["scores"]>> {
  return task === undefined ? {} : { [task]: scores };
}

function scoresOf({ validation, test }: FinetuneResult<TaskReport>): FinishedCell["scores"] {
  return { ...(validation && { validation: validation.report.scores }), test: test.report.scores };
}

function pretrainCurves(result: PretrainResult | undefined): readonly Curve[] {
  return result === undefined ? [] : curvesOf("pretrain", result.losses, result.seconds);
}

function finetuneCurves(result: FinetuneResult<TaskReport> | undefined): readonly Curve[] {
  return result === undefined ? [] : curvesOf("finetune", result.training.losses, result.training.seconds);
}

/** Losses by step as curves; a step that counted nothing leaves no point. */
function curvesOf(
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
