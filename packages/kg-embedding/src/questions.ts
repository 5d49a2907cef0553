import type { EmbeddingModel, QueryBuilder } from "./model.ts";

/**
 * Questions by number. A triple asks two: (head, relation, ?) and (?, relation, tail). What is asked is one number: the
 * relation r for a tail, R + r for a head; with reciprocal relations that is a row of the relation table.
 */
export interface Asked {
  /** Entities that the questions name. */
  readonly known: Int32Array;
  /** Relation r where a tail is asked for, R + r where a head is. */
  readonly asked: Int32Array;
  /** Entities that answer them. */
  readonly answers: Int32Array;
}

/** Questions that one query builder turns into points. */
export interface Questions extends Asked {
  readonly builder: QueryBuilder;
  /** Rows of the relation table. */
  readonly relations: Int32Array;
}

/**
 * Asks both questions of triples, all tails first.
 *
 * @param triples head, relation, tail of triple i at 3i, 3i+1, 3i+2
 * @param relationCount R
 */
export function askBoth(triples: Int32Array, relationCount: number): Asked {
  const count = triples.length / 3;
  const known = new Int32Array(2 * count);
  const asked = new Int32Array(2 * count);
  const answers = new Int32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const relation = triples[3 * i + 1] as number;
    known[i] = answers[count + i] = triples[3 * i] as number;
    answers[i] = known[count + i] = triples[3 * i + 2] as number;
    asked[i] = relation;
    asked[count + i] = relationCount + relation;
  }
  return { known, asked, answers };
}

/** Groups questions by the builder that answers them: all together with reciprocal relations, else by side. */
export function byBuilder(questions: Asked, model: EmbeddingModel, relationCount: number): Questions[] {
  const { tailQuery, headQuery, options } = model;
  const { asked } = questions;
  if (options.reciprocal) return [{ ...questions, builder: tailQuery, relations: asked }];
  const tails = { builder: tailQuery, ...select(questions, (i) => (asked[i] as number) < relationCount) };
  const heads = { builder: headQuery, ...select(questions, (i) => (asked[i] as number) >= relationCount) };
  return [tails, heads]
    .filter((group) => group.asked.length > 0)
    .map((group) => ({ ...group, relations: group.asked.map((number) => number % relationCount) }));
}

function select({ known, asked, answers }: Asked, keep: (i: number) => boolean): Asked {
  const kept = (values: Int32Array) => values.filter((_, i) => keep(i));
  return { known: kept(known), asked: kept(asked), answers: kept(answers) };
}
