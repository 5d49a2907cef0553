import type { Side } from "./known-answers.ts";
import type { EmbeddingModel, QueryBuilder } from "./model.ts";

/** Questions that one query builder answers: (known, relation, ?). */
export interface Questions {
  readonly side: Side;
  readonly builder: QueryBuilder;
  /** Entity numbers. */
  readonly known: Int32Array;
  /** Rows of the relation table. */
  readonly relations: Int32Array;
  /** Entity numbers. */
  readonly answers: Int32Array;
}

/**
 * Asks a side of triples. With reciprocal relations a head is the tail of the inverse relation, row R + r.
 *
 * @param triples head, relation, tail of triple i at 3i, 3i+1, 3i+2
 * @param relationCount R
 */
export function askSide(side: Side, triples: Int32Array, model: EmbeddingModel, relationCount: number): Questions {
  const heads = column(triples, 0);
  const relations = column(triples, 1);
  const tails = column(triples, 2);
  if (side === "tail") return { side, builder: model.tailQuery, known: heads, relations, answers: tails };
  if (!model.options.reciprocal) return { side, builder: model.headQuery, known: tails, relations, answers: heads };
  const inverses = relations.map((relation) => relation + relationCount);
  return { side, builder: model.tailQuery, known: tails, relations: inverses, answers: heads };
}

function column(triples: Int32Array, place: 0 | 1 | 2): Int32Array {
  const values = new Int32Array(triples.length / 3);
  for (let i = 0; i < values.length; i++) values[i] = triples[3 * i + place] as number;
  return values;
}
