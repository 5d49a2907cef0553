import { RunError } from "@kgraft/runtime";
import { tf } from "@kgraft/tensor";
import { type EmbeddingTables, gatherRows } from "./embedding-tables.ts";
import type { EmbeddingModel } from "./model.ts";
import type { Questions } from "./questions.ts";

/** Scores on the device at a time: 64 MB. */
const SCORES = 1 << 24;

/** Rivals of answers, by answer. */
export interface RivalCounts {
  /** Entities that score higher than the answer. */
  readonly greater: Int32Array;
  /** Entities that score the same, the answer itself included. */
  readonly equal: Int32Array;
}

/** Scores of every entity as answer of B questions. They stay on the device; only counts and single scores leave it. */
export class ScoredQuestions {
  readonly #scores: tf.Tensor2D; // [B, N]

  private constructor(scores: tf.Tensor2D) {
    this.#scores = scores;
  }

  /** Questions that should be scored at a time where there are N entities. */
  static rowsAtOnce(entities: number): number {
    return Math.max(1, Math.min(1024, Math.floor(SCORES / entities)));
  }

  /**
   * Scores all entities; dispose the result after use.
   *
   * @param entities the entity table on the device, [N, E]
   * @throws RunError `kg-embedding.score` where a score is not finite
   */
  static score(
    model: EmbeddingModel,
    tables: EmbeddingTables,
    entities: tf.Tensor2D,
    asked: Questions,
  ): ScoredQuestions {
    const { entity, relation } = tables;
    const rows = asked.known.length;
    const scores = tf.tidy(() => {
      const known = tf.tensor2d(gatherRows(entity, asked.known), [rows, entity.width]);
      const relations = tf.tensor2d(gatherRows(relation, asked.relations), [rows, relation.width]);
      return model.comparison.all(asked.builder.query(known, relations), entities);
    });
    // One number that is not finite makes the sum so.
    const total = tf.tidy(() => tf.sum(scores));
    const sum = total.dataSync()[0];
    total.dispose();
    if (Number.isFinite(sum)) return new ScoredQuestions(scores);
    scores.dispose();
    throw notFinite(model);
  }

  /** Scores of entities as answers of the questions at `rows`. */
  at(rows: Int32Array, entities: Int32Array): Float32Array {
    return download(() => this.#at(rows, entities));
  }

  /** All scores, float32 [B, N] row-major. */
  all(): Float32Array {
    return this.#scores.dataSync<"float32">().slice();
  }

  /** Compares the scores of answers with those of all entities, read from the same row, so that equal scores are equal. */
  rivals(rows: Int32Array, answers: Int32Array): RivalCounts {
    const greater = new Int32Array(rows.length);
    const equal = new Int32Array(rows.length);
    const [questions] = this.#scores.shape;
    for (let start = 0; start < rows.length; start += questions) {
      const some = rows.subarray(start, start + questions);
      const inOrder = some.length === questions && some.every((row, i) => row === i);
      const own = () => tf.expandDims(this.#at(some, answers.subarray(start, start + questions)), 1);
      const all = () => (inOrder ? this.#scores : tf.gather(this.#scores, tf.tensor1d(some, "int32")));
      const count = (isCounted: tf.Tensor) => tf.sum(tf.cast(isCounted, "int32"), 1);
      greater.set(
        download(() => count(tf.greater(all(), own()))),
        start,
      );
      equal.set(
        download(() => count(tf.equal(all(), own()))),
        start,
      );
    }
    return { greater, equal };
  }

  dispose(): void {
    this.#scores.dispose();
  }

  #at(rows: Int32Array, entities: Int32Array): tf.Tensor {
    const places = new Int32Array(2 * rows.length);
    for (let i = 0; i < rows.length; i++) {
      places[2 * i] = rows[i] as number;
      places[2 * i + 1] = entities[i] as number;
    }
    return tf.gatherND(this.#scores, tf.tensor2d(places, [rows.length, 2], "int32"));
  }
}

function download(compute: () => tf.Tensor): Float32Array {
  const tensor = tf.tidy(compute);
  const values = tensor.dataSync<"float32">();
  tensor.dispose();
  return values;
}

function notFinite(model: EmbeddingModel): RunError {
  return new RunError({
    code: "kg-embedding.score",
    at: `kg-embedding.${model.name}`,
    problem: "a score is not a finite number",
    wanted: "Wanted vectors of finite numbers",
    fix: `Lower learningRate (${model.options.learningRate}) and train again`,
  });
}
