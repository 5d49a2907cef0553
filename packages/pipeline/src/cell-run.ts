import { join } from "node:path";
import { streams as streamsOf, writeFileAtomic } from "@kgraft/runtime";
import {
  type FinetuneResult,
  finetune,
  type Objective,
  type ObjectiveDefinition,
  objectiveChoices,
  type PretrainOptions,
  type PretrainResult,
  pretrain,
  type Splits,
  type Task,
  type TaskDefinition,
  type TaskReport,
  writePredictions,
} from "@kgraft/tasks";
import type { CheckpointOptions } from "@kgraft/tensor";
import type { CheckedArm } from "./arms.ts";
import {
  beginCell,
  checkpointsFolder,
  type FinishedCell,
  finishCell,
  metricsOf,
  statesFolder,
  takeBack,
} from "./cell-folder.ts";
import type { SharedWork } from "./composition.ts";
import type { TaskChoice } from "./config/run-config.ts";
import { fingerprint } from "./fingerprint.ts";
import { curvesOf } from "./report/curve.ts";
import { type ArmModel, buildModel, controlledExamples, controlledVectors } from "./stages/build-model.ts";
import { type EmbeddedGraph, embedGraph } from "./stages/embed-graph.ts";
import { type LinkedText, linkedText } from "./stages/linked-text.ts";
import { saveCellModel } from "./stages/save-cell-model.ts";

/** How often a training is saved: at most this much is lost when a process is killed. */
const checkpointEvery = { everySteps: 200, everySeconds: 60 };

/** One arm with one seed, in a folder of its own. */
export interface CellRequest {
  readonly shared: SharedWork;
  readonly arm: CheckedArm;
  readonly seed: number;
  readonly folder: string;
  /** Stands for everything that decides the cell's outcome. */
  readonly identity: string;
  readonly resume: boolean;
  /** A folder that lasts as long as the command: hidden states in it serve every cell that can use them. */
  readonly scratch: string;
}

/** A task with what fine-tuning made of it. */
interface Finetuned {
  readonly task: Task;
  readonly result: FinetuneResult<TaskReport>;
}

/** Runs an arm from the checkpoint to its scores, and writes model, predictions, metrics and curves. */
export async function runCell(request: CellRequest): Promise<FinishedCell> {
  const run = await CellRun.prepare(request);
  try {
    return await run.toEnd();
  } catch (error) {
    await takeBack(request.folder);
    throw error;
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
    const { shared, arm, seed } = request;
    await shared.backend();
    const text = await linkedText(shared);
    const needs = new Set(arm.definitions.flatMap((definition) => definition.needs));
    const embedded = needs.has("vectors") ? await embedGraph(shared, seed) : undefined;
    const checkpoint = await shared.checkpoint();
    const streams = streamsOf(seed);
    const resources = {
      encoder: checkpoint.encoder.config,
      tokenizer: checkpoint.tokenizer,
      streams,
      graph: needs.has("graph") ? await shared.graph() : undefined,
      vectors: controlledVectors(arm, embedded?.vectors, streams),
    };
    const model = await buildModel({
      config: shared.config,
      arm,
      checkpoint,
      resources,
      streams,
      progress: shared.progress,
    });
    return new CellRun(request, text, embedded, model);
  }

  async toEnd(): Promise<FinishedCell> {
    const { shared, arm, seed, identity, folder } = this.#request;
    await beginCell(folder, identity, shared.config.written({ folder, arm: arm.name, seed }));
    const pretrained = await this.#pretrain();
    const finetuned = await this.#finetune();
    const training = finetuned?.result.training;
    const cell: FinishedCell = {
      identity,
      arm: arm.name,
      seed,
      task: finetuned?.task.name,
      scores: finetuned === undefined ? {} : scoresOf(finetuned.result),
      seconds: this.#seconds,
      parameters: { total: this.#arm.parameters.count() },
      backend: (await shared.backend()).name,
      curves: [
        ...(pretrained === undefined ? [] : curvesOf("pretrain", pretrained.losses, pretrained.seconds)),
        ...(training === undefined ? [] : curvesOf("finetune", training.losses, training.seconds)),
      ],
      counts: { ...pretrained?.counts, ...finetuned?.result.counts.train },
      embedding: this.#embedded?.metrics,
    };
    await this.#write(cell, finetuned);
    return cell;
  }

  dispose(): void {
    this.#arm.parameters.dispose();
  }

  async #pretrain(): Promise<PretrainResult | undefined> {
    const { shared, arm, seed } = this.#request;
    const { config, progress, signal } = shared;
    const options = config.pretrain;
    if (options === undefined) return undefined;
    const { tokenizer } = await shared.checkpoint();
    const result = await pretrain({
      ...this.#arm,
      examples: controlledExamples(arm, this.#text.corpus ?? []),
      objectives: await this.#objectives(options),
      tokenizer,
      options,
      streams: streamsOf(seed),
      progress,
      checkpoint: this.#checkpoint("pretrain"),
      signal,
    });
    this.#seconds.pretrain = result.seconds;
    return result;
  }

  async #objectives(stated: PretrainOptions): Promise<readonly Objective[]> {
    const { config, ...shared } = this.#request.shared;
    const { encoder, tokenizer } = await shared.checkpoint();
    return objectiveChoices(stated).map(({ name, options }) => {
      const { definition } = config.registry.get("objective", name, `${config.file}: config.pretrain.objectives`);
      return (definition as ObjectiveDefinition).create(definition.options.parse(options), { encoder, tokenizer });
    });
  }

  async #finetune(): Promise<Finetuned | undefined> {
    const { shared, seed, scratch } = this.#request;
    const { splits } = this.#text;
    if (shared.config.task === undefined || splits === undefined) return undefined;
    const { tokenizer } = await shared.checkpoint();
    const task = await this.#task(shared.config.task, splits);
    const result = await finetune({
      ...this.#arm,
      task,
      tokenizer,
      streams: streamsOf(seed),
      progress: shared.progress,
      checkpoint: this.#checkpoint("finetune"),
      statesFolder: statesFolder(scratch),
      signal: shared.signal,
    });
    const { prepare, states, train, evaluate } = result.seconds;
    this.#seconds.finetune = prepare + states + train;
    this.#seconds.evaluate = evaluate;
    return { task, result };
  }

  async #task({ definition, options }: TaskChoice, splits: Splits): Promise<Task> {
    const { shared, arm } = this.#request;
    const { encoder } = await shared.checkpoint();
    const controlled = {
      train: controlledExamples(arm, splits.train),
      validation: controlledExamples(arm, splits.validation),
      test: controlledExamples(arm, splits.test),
    };
    return (definition as TaskDefinition).create(options as never, { splits: controlled, encoder });
  }

  #checkpoint(stage: string): CheckpointOptions {
    const { folder, identity, resume } = this.#request;
    return {
      folder: join(checkpointsFolder(folder), stage),
      ...checkpointEvery,
      keep: 2,
      configHash: fingerprint({ identity, stage }),
      resume,
    };
  }

  async #write(cell: FinishedCell, finetuned: Finetuned | undefined): Promise<void> {
    const { shared, folder, arm } = this.#request;
    for (const split of ["validation", "test"] as const) {
      const result = finetuned?.result[split];
      if (result !== undefined)
        await writePredictions(join(folder, "predictions", `${split}.jsonl`), result.predictions);
    }
    await saveCellModel(join(folder, "model"), { shared, cell, arm, task: finetuned?.task, ...this.#arm });
    await writeFileAtomic(join(folder, "metrics.json"), `${JSON.stringify(metricsOf(cell), null, 2)}\n`);
    await finishCell(folder, cell);
  }
}

function scoresOf({ validation, test }: FinetuneResult<TaskReport>): FinishedCell["scores"] {
  return { ...(validation && { validation: validation.report.scores }), test: test.report.scores };
}
