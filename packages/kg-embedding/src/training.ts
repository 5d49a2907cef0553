import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { TripleIndex } from "@kgraft/kg";
import { type Bar, InputError, type Progress, RunError, type Streams } from "@kgraft/runtime";
import { EmbeddingCheckpoint, type TrainingPosition } from "./checkpoint.ts";
import { EmbeddingSteps } from "./embedding-step.ts";
import { initialTables, type TrainableTables } from "./embedding-tables.ts";
import { KnownAnswers } from "./known-answers.ts";
import type { EmbeddingModel } from "./model.ts";
import { DrawnEntities } from "./negatives.ts";

/** Steps between two turns of the event loop, so that signals and drawing of progress get theirs. */
const STEPS_A_TURN = 8;

/** Where and how often a training is saved. */
export interface CheckpointPlan {
  /** A file; where it exists training goes on from it. */
  readonly path: string;
  /** Steps between two saves. Default: one save an epoch. */
  readonly everyBatches?: number | undefined;
}

export interface TrainingRequest {
  readonly train: TripleIndex;
  readonly model: EmbeddingModel;
  readonly streams: Streams;
  readonly progress: Progress;
  readonly checkpoint?: CheckpointPlan | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainedTables {
  readonly tables: TrainableTables;
  /** Mean loss of a question in each epoch. */
  readonly history: readonly number[];
}

/** Trains the tables of a model on triples; see `trainEmbedding`, which checks what it is given. */
export async function trainTables(request: TrainingRequest): Promise<TrainedTables> {
  return await new Training(request).run();
}

class Training {
  readonly #request: TrainingRequest;
  readonly #tables: TrainableTables;
  readonly #steps: EmbeddingSteps;
  readonly #filter: KnownAnswers | undefined;
  readonly #column: Int32Array;
  readonly #stepsInEpoch: number;
  readonly #checkpoint: EmbeddingCheckpoint | undefined;

  constructor(request: TrainingRequest) {
    const { train, model, streams, checkpoint } = request;
    const relations = train.relationIds.length;
    this.#request = request;
    this.#tables = initialTables(model, train.entityIds.length, relations, streams);
    this.#steps = new EmbeddingSteps(model, this.#tables, relations);
    this.#filter = model.options.filterNegatives ? new KnownAnswers(relations, [train.triples]) : undefined;
    this.#column = new Int32Array(train.entityIds.length).fill(-1);
    this.#stepsInEpoch = Math.ceil(train.triples.length / 3 / model.options.batchSize);
    this.#checkpoint = checkpoint && new EmbeddingCheckpoint(checkpoint.path, fingerprint(request));
  }

  async run(): Promise<TrainedTables> {
    const { model, progress } = this.#request;
    const { epochs } = model.options;
    const start: TrainingPosition = { epoch: 0, batch: 0, lossInEpoch: 0, history: [] };
    let position = (await this.#checkpoint?.load(this.#tables)) ?? start;
    if (position.epoch + Math.sign(position.batch) > epochs) throw this.#tooFar(position);
    const bar = progress.bar(`embedding ${model.name}`, epochs * this.#stepsInEpoch);
    while (position.epoch < epochs) position = await this.#epoch(position, bar);
    bar.end(`loss ${position.history.at(-1)?.toFixed(3)}`);
    return { tables: this.#tables, history: position.history };
  }

  async #epoch(start: TrainingPosition, bar: Bar): Promise<TrainingPosition> {
    const { streams } = this.#request;
    const { epoch, history } = start;
    let { batch, lossInEpoch } = start;
    const order = streams.at("kg-embedding/order", epoch).permutation(this.#tripleCount);
    const now = () => ({ epoch, batch, lossInEpoch, history });
    while (batch < this.#stepsInEpoch) {
      lossInEpoch += this.#step(epoch, batch, order);
      batch++;
      if (this.#isSavePoint(batch)) await this.#checkpoint?.save(this.#tables, now());
      if (batch % STEPS_A_TURN === 0) await this.#turn(now(), bar);
    }
    const end = {
      epoch: epoch + 1,
      batch: 0,
      lossInEpoch: 0,
      history: [...history, lossInEpoch / (2 * this.#tripleCount)],
    };
    await this.#checkpoint?.save(this.#tables, end);
    return end;
  }

  /** Shows how far the training is, lets others have their turn, and stops where that is asked for. */
  async #turn(position: TrainingPosition, bar: Bar): Promise<void> {
    const { model, signal } = this.#request;
    const questions = 2 * Math.min(position.batch * model.options.batchSize, this.#tripleCount);
    const done = position.epoch * this.#stepsInEpoch + position.batch;
    bar.update(done, `loss ${(position.lossInEpoch / questions).toFixed(3)}`);
    await setImmediate();
    if (!signal?.aborted) return;
    await this.#checkpoint?.save(this.#tables, position);
    signal.throwIfAborted();
  }

  #tooFar({ history }: TrainingPosition): InputError {
    return new InputError({
      code: "kg-embedding.checkpoint",
      at: `${this.#checkpoint?.path}`,
      problem: `holds ${history.length} finished epochs`,
      wanted: `Wanted at most ${this.#request.model.options.epochs}, the epochs asked for`,
      fix: "Ask for more epochs, or remove it to start afresh",
    });
  }

  get #tripleCount(): number {
    return this.#request.train.triples.length / 3;
  }

  #isSavePoint(batch: number): boolean {
    const every = this.#request.checkpoint?.everyBatches;
    return every !== undefined && batch % every === 0 && batch < this.#stepsInEpoch;
  }

  #step(epoch: number, batch: number, order: Int32Array): number {
    const { model, streams, train } = this.#request;
    const { batchSize, negatives } = model.options;
    const triples = pick(train.triples, order.subarray(batch * batchSize, (batch + 1) * batchSize));
    const draw = streams.at("kg-embedding/negatives", epoch, batch);
    const drawn = DrawnEntities.draw(negatives, draw, this.#column);
    const loss = this.#steps.take({ triples, drawn, filter: this.#filter });
    drawn.release();
    if (!Number.isFinite(loss)) throw notFinite(model, epoch, batch, loss);
    return loss;
  }
}

function pick(triples: Int32Array, numbers: Int32Array): Int32Array {
  const picked = new Int32Array(3 * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const from = 3 * (numbers[i] as number);
    for (let place = 0; place < 3; place++) picked[3 * i + place] = triples[from + place] as number;
  }
  return picked;
}

/** Identifies what decides the numbers of a step. Not the number of epochs: a finished training may be prolonged. */
function fingerprint({ train, model, streams }: TrainingRequest): string {
  const { epochs: _epochs, maxRankedTriples: _ranked, ...options } = model.options;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([model.name, options, streams.seed, train.entityIds, train.relationIds]));
  hash.update(new Uint8Array(train.triples.buffer, train.triples.byteOffset, train.triples.byteLength));
  return hash.digest("hex");
}

function notFinite(model: EmbeddingModel, epoch: number, batch: number, loss: number): RunError {
  return new RunError({
    code: "kg-embedding.loss",
    at: `kg-embedding.${model.name}`,
    problem: `the loss is ${loss} at epoch ${epoch + 1}, batch ${batch + 1}`,
    wanted: "Wanted a finite number",
    fix: `Lower learningRate (${model.options.learningRate}) or deviation (${model.options.deviation})`,
  });
}
