import type { Draw } from "@kgraft/runtime";
import type { KnownAnswers } from "./known-answers.ts";
import { HIDDEN_SCORE } from "./losses.ts";
import type { Asked } from "./questions.ts";

const atLeastOne = (value: number): number => Math.max(1, value);

/** Which drawn entities are negatives of B questions. */
export interface Negatives {
  /** Place of a question's own answer among the drawn entities, or -1 where it was not drawn or is hidden: [B]. */
  readonly own: Int32Array;
  /** Scores to be added, 0 or {@link HIDDEN_SCORE}: float32 [B, K]. */
  readonly hiding?: Float32Array;
  /** Negatives that are left, at least 1: [B]. */
  readonly counts: Float32Array;
}

/** Entities drawn for one step, and where they stand. */
export class DrawnEntities {
  /** Distinct entity numbers, K of them. */
  readonly entities: Int32Array;
  /** Place of an entity among them, or -1; one number an entity of the graph. */
  readonly #column: Int32Array;

  private constructor(entities: Int32Array, column: Int32Array) {
    this.entities = entities;
    this.#column = column;
  }

  /**
   * Draws distinct entities, all alike; all entities in order where there are no more than asked for.
   *
   * @param column scratch of one number an entity, all -1; given back so by {@link release}
   */
  static draw(count: number, draw: Draw, column: Int32Array): DrawnEntities {
    const entities = new Int32Array(Math.min(count, column.length));
    const all = entities.length === column.length;
    for (let k = 0; k < entities.length; ) {
      const entity = all ? k : draw.integer(column.length);
      if (column[entity] !== -1) continue;
      column[entity] = k;
      entities[k++] = entity;
    }
    return new DrawnEntities(entities, column);
  }

  /**
   * Says which of the drawn entities are negatives of each question.
   *
   * @param filter all known answers; without it only a question's own answer is no negative
   */
  negativesOf(questions: Asked, filter: KnownAnswers | undefined): Negatives {
    const own = questions.answers.map((entity) => this.#column[entity] as number);
    const counts = new Float32Array(own.length).fill(this.entities.length);
    if (filter !== undefined) return this.#withoutKnown(questions, filter, counts);
    for (let i = 0; i < own.length; i++) if (own[i] !== -1) counts[i] = this.entities.length - 1;
    return { own, counts: counts.map(atLeastOne) };
  }

  #withoutKnown(questions: Asked, filter: KnownAnswers, counts: Float32Array): Negatives {
    const width = this.entities.length;
    const hiding = new Float32Array(counts.length * width);
    for (let i = 0; i < counts.length; i++) {
      for (const answer of filter.of(questions.known[i] as number, questions.asked[i] as number)) {
        const column = this.#column[answer] as number;
        if (column === -1 || hiding[i * width + column] !== 0) continue;
        hiding[i * width + column] = HIDDEN_SCORE;
        counts[i] = (counts[i] as number) - 1;
      }
    }
    return { own: new Int32Array(counts.length).fill(-1), hiding, counts: counts.map(atLeastOne) };
  }

  /** Leaves the scratch as it was found. */
  release(): void {
    for (const entity of this.entities) this.#column[entity] = -1;
  }
}
