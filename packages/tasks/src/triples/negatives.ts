import type { Draw } from "@kgraft/runtime";
import { type NumberedTriples, type TripleNumbers, tripleKey } from "./numbered-triples.ts";

type Triple = readonly [head: number, relation: number, tail: number];
type Side = "head" | "tail";

/** Draws that may hit a known triple before all entities are looked through. */
const patience = 100;

/** Draws false triples: another entity in place of a head or tail, never giving a triple that is known to be true. */
export class NegativeSampler {
  readonly #triples: NumberedTriples;
  readonly #known = new Set<number>();

  /** @param known parts whose triples are never drawn */
  constructor(triples: NumberedTriples, known: readonly TripleNumbers[]) {
    this.#triples = triples;
    for (const part of known)
      for (let i = 0; i < part.length; i += 3)
        this.#known.add(tripleKey(part[i] as number, part[i + 1] as number, part[i + 2] as number, triples));
  }

  /**
   * Draws the negatives of one positive, all on the side that one coin says; the same may come twice.
   *
   * Where every entity on that side gives a known triple, the other side is taken; none where both are so.
   *
   * @source KG-BERT, `_create_examples`: one coin a positive (head up to 0.5), redrawn while the triple is in training
   */
  draw(positive: Triple, count: number, draw: Draw): readonly Triple[] {
    if (count === 0) return [];
    const coin: Side = draw.uniform() <= 0.5 ? "head" : "tail";
    const other: Side = coin === "head" ? "tail" : "head";
    const side = [coin, other].find((one) => this.#entity(positive, one, draw) !== undefined);
    if (side === undefined) return [];
    return Array.from({ length: count }, () => replaced(positive, side, this.#entity(positive, side, draw) as number));
  }

  #entity(positive: Triple, side: Side, draw: Draw): number | undefined {
    const { length } = this.#triples.entities;
    for (let tries = 0; tries < patience; tries++) {
      const entity = draw.integer(length);
      if (this.#isFalse(positive, side, entity)) return entity;
    }
    const fitting = Array.from({ length }, (_, entity) => entity).filter((one) => this.#isFalse(positive, side, one));
    return fitting.length === 0 ? undefined : fitting[draw.integer(fitting.length)];
  }

  #isFalse(positive: Triple, side: Side, entity: number): boolean {
    if (entity === positive[side === "head" ? 0 : 2]) return false;
    return !this.#known.has(tripleKey(...replaced(positive, side, entity), this.#triples));
  }
}

function replaced([head, relation, tail]: Triple, side: Side, entity: number): Triple {
  return side === "head" ? [entity, relation, tail] : [head, relation, entity];
}
