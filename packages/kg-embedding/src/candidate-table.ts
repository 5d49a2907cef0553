import { RunError } from "@kgraft/runtime";
import { tf } from "@kgraft/tensor";
import { type EmbeddingTables, gatherRows } from "./embedding-tables.ts";
import type { EmbeddingModel } from "./model.ts";
import type { Questions } from "./questions.ts";

/** Entities scored in one product. */
const CHUNK = 16_384;
/** Scores held on the host at a time: 32 MB. */
const SCORES = 1 << 23;

/** All entities of a model on the device, in chunks, to be scored against questions. Dispose it after use. */
export class CandidateTable {
  /** N */
  readonly count: number;
  /** Questions that {@link scores} should be asked at a time. */
  readonly rowsAtOnce: number;
  readonly #model: EmbeddingModel;
  readonly #tables: EmbeddingTables;
  readonly #chunks: readonly tf.Tensor2D[];

  constructor(model: EmbeddingModel, tables: EmbeddingTables) {
    const { rows, width, values } = tables.entity;
    this.count = rows;
    this.rowsAtOnce = Math.max(1, Math.min(1024, Math.floor(SCORES / rows)));
    this.#model = model;
    this.#tables = tables;
    this.#chunks = Array.from({ length: Math.ceil(rows / CHUNK) }, (_, i) => {
      const end = Math.min(rows, (i + 1) * CHUNK);
      return tf.tensor2d(values.slice(i * CHUNK * width, end * width), [end - i * CHUNK, width]);
    });
  }

  /**
   * Scores every entity as answer of each question.
   *
   * @returns float32 [B, N], higher is better
   * @throws RunError `kg-embedding.score` where a score is not a number
   */
  scores({ builder, known, relations }: Questions): Float32Array {
    const { entity, relation } = this.#tables;
    const scores = new Float32Array(known.length * this.count);
    tf.tidy(() => {
      const knownRows = tf.tensor2d(gatherRows(entity, known), [known.length, entity.width]);
      const relationRows = tf.tensor2d(gatherRows(relation, relations), [known.length, relation.width]);
      const query = builder.query(knownRows, relationRows);
      for (const [i, chunk] of this.#chunks.entries()) {
        const part = tf.tidy(() => this.#model.comparison.all(query, chunk));
        place(part.dataSync<"float32">(), chunk.shape[0], scores, i * CHUNK, this.count);
        part.dispose();
      }
    });
    for (const score of scores) if (Number.isNaN(score)) throw notANumber(this.#model);
    return scores;
  }

  dispose(): void {
    tf.dispose([...this.#chunks]);
  }
}

/** Copies columns [B, width] into rows of a wider table, from column `start` on. */
function place(part: Float32Array, width: number, into: Float32Array, start: number, stride: number): void {
  for (let row = 0; row * width < part.length; row++)
    into.set(part.subarray(row * width, (row + 1) * width), row * stride + start);
}

function notANumber(model: EmbeddingModel): RunError {
  return new RunError({
    code: "kg-embedding.score",
    at: `kg-embedding.${model.name}`,
    problem: "a score is NaN",
    wanted: "Wanted vectors of finite numbers",
    fix: `Lower learningRate (${model.options.learningRate}) and train again`,
  });
}
