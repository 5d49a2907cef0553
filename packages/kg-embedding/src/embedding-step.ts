import { tf } from "@kgraft/tensor";
import { gatherRows, type TrainableTables } from "./embedding-tables.ts";
import type { KnownAnswers } from "./known-answers.ts";
import { type LossInput, lossGradients } from "./losses.ts";
import type { EmbeddingModel } from "./model.ts";
import type { DrawnEntities, Negatives } from "./negatives.ts";
import { askBoth, byBuilder, type Questions } from "./questions.ts";

/** One step's triples and the entities drawn for it. */
export interface EmbeddingBatch {
  /** head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
  readonly triples: Int32Array;
  readonly drawn: DrawnEntities;
  /** Takes known answers out of the negatives where given. */
  readonly filter?: KnownAnswers | undefined;
}

/** Makes the steps of a training: gathers rows, computes on the device, changes the rows it touched. */
export class EmbeddingSteps {
  readonly #model: EmbeddingModel;
  readonly #tables: TrainableTables;
  readonly #relationCount: number;

  constructor(model: EmbeddingModel, tables: TrainableTables, relationCount: number) {
    this.#model = model;
    this.#tables = tables;
    this.#relationCount = relationCount;
  }

  /** Takes one step of Adagrad; returns the loss summed over both questions of each triple, before the step. */
  take(batch: EmbeddingBatch): number {
    const loss = this.addGradients(batch);
    const { learningRate } = this.#model.options;
    if (Number.isFinite(loss)) {
      this.#tables.entity.step(learningRate);
      this.#tables.relation.step(learningRate);
    }
    return loss;
  }

  /** Adds the gradients of a batch to the tables' sums; returns the loss. */
  addGradients({ triples, drawn, filter }: EmbeddingBatch): number {
    const { entity, relation } = this.#tables;
    let loss = 0;
    for (const questions of byBuilder(askBoth(triples, this.#relationCount), this.#model, this.#relationCount)) {
      const found = this.#onDevice(questions, drawn.entities, drawn.negativesOf(questions, filter));
      entity.addGradients(questions.known, found.known);
      entity.addGradients(questions.answers, found.answers);
      entity.addGradients(drawn.entities, found.drawn);
      relation.addGradients(questions.relations, found.relations);
      loss += found.loss;
    }
    return loss;
  }

  /** Computes loss and gradients of B questions against K drawn entities; downloads one block a table and role. */
  #onDevice(questions: Questions, drawn: Int32Array, negatives: Negatives): HostGradients {
    const { comparison, options } = this.#model;
    const { entity, relation } = this.#tables;
    // Not what tidy returns: it walks through a returned array number by number, looking for tensors.
    let found: HostGradients | undefined;
    tf.tidy(() => {
      const known = upload(gatherRows(entity, questions.known), entity.width); // [B, E]
      const relations = upload(gatherRows(relation, questions.relations), relation.width); // [B, F]
      const answers = upload(gatherRows(entity, questions.answers), entity.width); // [B, E]
      const candidates = upload(gatherRows(entity, drawn), entity.width); // [K, E]
      const query = questions.builder.query(known, relations); // [B, E]
      const drawnScores = comparison.all(query, candidates); // [B, K]
      const answerScores = comparison.pairs(query, answers); // [B, 1]
      const loss = lossGradients(lossInput(drawnScores, answerScores, negatives), options);
      const toDrawn = comparison.allGradients(query, candidates, drawnScores, loss.weights, loss.scale);
      const toAnswer = comparison.pairGradients(query, answers, answerScores, loss.answer);
      const back = questions.builder.gradients(known, relations, tf.add(toDrawn.query, toAnswer.query));
      const knownGradients = download(back.known);
      found = {
        loss: download(loss.sum)[0] as number,
        known: knownGradients,
        relations: back.relation === back.known ? knownGradients : download(back.relation),
        answers: download(toAnswer.entity),
        drawn: download(toDrawn.entity),
      };
    });
    return found as unknown as HostGradients;
  }
}

function lossInput(drawn: tf.Tensor2D, answer: tf.Tensor2D, { own, hiding, counts }: Negatives): LossInput {
  return {
    drawn: hiding === undefined ? drawn : tf.add(drawn, upload(hiding, drawn.shape[1])),
    answer,
    own: tf.tensor1d(own, "int32"),
    negatives: upload(counts, 1),
  };
}

/** What a step brings back: float32 [B, E], [B, F], [B, E], [K, E]. */
interface HostGradients {
  readonly loss: number;
  readonly known: Float32Array;
  readonly relations: Float32Array;
  readonly answers: Float32Array;
  readonly drawn: Float32Array;
}

/** Makes rows of a width; the array becomes the tensor's and is not written to again. */
function upload(values: Float32Array, width: number): tf.Tensor2D {
  return tf.tensor2d(values, [values.length / width, width]);
}

function download(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<"float32">();
}
