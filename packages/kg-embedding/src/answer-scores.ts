import { tf } from "@kgraft/tensor";
import type { EmbeddingModel } from "./model.ts";
import { byBuilder, type Questions } from "./questions.ts";
import { ScoredQuestions } from "./scored-questions.ts";
import type { Embedding } from "./train-embedding.ts";

/** Scores every entity as the answer to questions, with vectors that were trained. */
export class AnswerScorer {
  readonly #model: EmbeddingModel;
  readonly #embedding: Pick<Embedding, "vectors" | "relations">;
  readonly #entities: tf.Tensor2D;
  readonly #relations: number;

  /** @param model the one that the vectors were trained with */
  constructor(model: EmbeddingModel, embedding: Pick<Embedding, "vectors" | "relations">) {
    const { vectors, relations } = embedding;
    this.#model = model;
    this.#embedding = embedding;
    this.#entities = tf.tensor2d(vectors.values, [vectors.ids.length, vectors.dimension]);
    this.#relations = relations.ids.length / (model.options.reciprocal ? 2 : 1);
  }

  /**
   * @param asked relation r where a tail is asked for, R + r where a head is
   * @returns float32 [N] in the order of the entities
   * @throws RunError `kg-embedding.score` where a score is not finite
   */
  scores(known: number, asked: number): Float32Array {
    const { vectors, relations } = this.#embedding;
    const tables = {
      entity: { rows: vectors.ids.length, width: vectors.dimension, values: vectors.values },
      relation: { rows: relations.ids.length, width: relations.dimension, values: relations.values },
    };
    const question = { known: Int32Array.of(known), asked: Int32Array.of(asked), answers: Int32Array.of(0) };
    const [questions] = byBuilder(question, this.#model, this.#relations) as [Questions];
    const scored = ScoredQuestions.score(this.#model, tables, this.#entities, questions);
    try {
      return scored.all();
    } finally {
      scored.dispose();
    }
  }

  dispose(): void {
    this.#entities.dispose();
  }
}
