import { join } from "node:path";
import { streams as streamsOf, writeFileAtomic } from "@kgraft/runtime";
import {
  type FinetuneResult,
  type PretrainResult,
  type TaskReport,
  writePredictedTriples,
  writePredictions,
} from "@kgraft/tasks";
import { type CheckedArm, controlOf } from "./arms.ts";
import { beginCell, type FinishedCell, finishCell, metricsOf, takeBack } from "./cell-folder.ts";
import { CellKnowledge } from "./cell-knowledge.ts";
import type { SharedWork } from "./composition.ts";
import { curvesOf } from "./report/curve.ts";
import { armResources, readsVectors } from "./stages/arm-resources.ts";
import { type ArmModel, buildModel, controlledExamples } from "./stages/build-model.ts";
import { type EmbeddedGraph, embedGraph } from "./stages/embed-graph.ts";
import { examplesOf, openLinkedCorpus } from "./stages/linked-corpus.ts";
import { type LinkedText, linkedText } from "./stages/linked-text.ts";
import { saveCellModel } from "./stages/save-cell-model.ts";
import { type Finetuned, finetuneCell, pretrainCell } from "./stages/train-cell.ts";

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

/** Runs an arm from the checkpoint to its scores, and writes model, predictions, metrics and curves. */
export async function runCell(request: CellRequest): Promise<FinishedCell> {
  const run = await CellRun.prepare(request);
  try {
    return await run.toEnd();
  } catch (error) {
    await takeBack(request.folder);
    throw error;
  } finally {
    await run.dispose();
  }
}

class CellRun {
  readonly #request: CellRequest;
  readonly #text: LinkedText;
  readonly #embedded: EmbeddedGraph | undefined;
  readonly #arm: ArmModel;
  readonly #knowledge: CellKnowledge;
  readonly #seconds: Record<string, number> = {};

  private constructor(
    request: CellRequest,
    text: LinkedText,
    embedded: EmbeddedGraph | undefined,
    arm: ArmModel,
    knowledge: CellKnowledge,
  ) {
    this.#request = request;
    this.#text = text;
    this.#embedded = embedded;
    this.#arm = arm;
    this.#knowledge = knowledge;
    if (text.stage !== undefined && request.shared.config.linker !== undefined) this.#seconds.link = text.stage.seconds;
    if (embedded !== undefined) this.#seconds.embed = embedded.stage.seconds;
  }

  static async prepare(request: CellRequest): Promise<CellRun> {
    const { shared, arm, seed } = request;
    await shared.backend();
    const text = await linkedText(shared);
    const embedded = readsVectors(arm) ? await embedGraph(shared, seed) : undefined;
    const checkpoint = await shared.checkpoint();
    const streams = streamsOf(seed);
    const knowledge = await CellKnowledge.open(request);
    const { graph } = knowledge;
    const resources = await armResources({ arm, seed, checkpoint, graph, vectors: embedded?.vectors });
    const model = await buildModel({
      config: shared.config,
      arm,
      checkpoint,
      resources,
      streams,
      progress: shared.progress,
      provenance: knowledge.provenance,
    });
    return new CellRun(request, text, embedded, model, knowledge);
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
    await this.#knowledge.provenance?.finish();
    await this.#write(cell, finetuned);
    return cell;
  }

  async dispose(): Promise<void> {
    this.#arm.parameters.dispose();
    await this.#knowledge.provenance?.abandon();
  }

  async #pretrain(): Promise<PretrainResult | undefined> {
    const options = this.#request.shared.config.pretrain;
    if (options === undefined) return undefined;
    const corpus = await openLinkedCorpus(this.#text.corpus as string, controlOf(this.#request.arm)?.example);
    try {
      this.#knowledge.begin("pretrain", examplesOf(corpus.source));
      const result = await pretrainCell(this.#request, this.#arm, corpus.source, options);
      this.#seconds.pretrain = result.seconds;
      return result;
    } finally {
      await corpus.close();
    }
  }

  async #finetune(): Promise<Finetuned | undefined> {
    const { splits } = this.#text;
    if (splits === undefined) return undefined;
    const examples = [...splits.train, ...splits.validation, ...splits.test];
    this.#knowledge.begin("task", controlledExamples(this.#request.arm, examples));
    const finetuned = await finetuneCell(this.#request, this.#arm, splits);
    const { prepare, states, train, evaluate } = finetuned.result.seconds;
    this.#seconds.finetune = prepare + states + train;
    this.#seconds.evaluate = evaluate;
    return finetuned;
  }

  async #write(cell: FinishedCell, finetuned: Finetuned | undefined): Promise<void> {
    const { shared, folder, arm } = this.#request;
    for (const split of ["validation", "test"] as const) {
      const result = finetuned?.result[split];
      if (result === undefined) continue;
      await writePredictions(join(folder, "predictions", `${split}.jsonl`), result.predictions);
      if (result.triples !== undefined)
        await writePredictedTriples(join(folder, "predictions", `${split}-triples.jsonl`), result.triples);
    }
    await saveCellModel(join(folder, "model"), { shared, cell, arm, task: finetuned?.task, ...this.#arm });
    await writeFileAtomic(join(folder, "metrics.json"), `${JSON.stringify(metricsOf(cell), null, 2)}\n`);
    await finishCell(folder, cell);
  }
}

function scoresOf({ validation, test }: FinetuneResult<TaskReport>): FinishedCell["scores"] {
  return { ...(validation && { validation: validation.report.scores }), test: test.report.scores };
}
