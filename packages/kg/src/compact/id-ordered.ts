import { compareIds } from "../id-order.ts";
import type { CompactParts } from "./compact-graph.ts";
import { sortedOrder } from "./id-table.ts";
import type { Texts } from "./texts.ts";

/**
 * Sorts entities and relations by id (code points) and triples by head, relation and tail. What is in that order already is
 * given back as it is.
 */
export function idOrdered(parts: CompactParts): CompactParts {
  const entities = sortedOrder(parts.ids);
  const relations = relationOrder(parts);
  if (entities === undefined && relations === undefined)
    return areSorted(parts.triples) ? parts : { ...parts, triples: sortTriples(parts) };
  const moved = {
    ids: entities === undefined ? parts.ids : reordered(parts.ids, entities),
    fields: entities === undefined ? parts.fields : reordered(parts.fields, entities),
    relations:
      relations === undefined
        ? parts.relations
        : relations.map((i) => parts.relations[i] as (typeof parts.relations)[number]),
    triples: renumbered(parts.triples, entities, relations),
  };
  return { ...moved, triples: sortTriples(moved) };
}

/** The relations' numbers in the order of their ids; undefined where they stand in it already. */
function relationOrder({ relations }: CompactParts): readonly number[] | undefined {
  const order = [...relations.keys()].sort((a, b) => compareIds(relations[a]?.id ?? "", relations[b]?.id ?? ""));
  return order.every((number, i) => number === i) ? undefined : order;
}

function areSorted(triples: Int32Array): boolean {
  const step = (i: number) => (triples[i] as number) - (triples[i - 3] as number);
  for (let i = 3; i < triples.length; i += 3) if ((step(i) || step(i + 1) || step(i + 2)) < 0) return false;
  return true;
}

function reordered(texts: Texts, order: Int32Array): Texts {
  const { bytes } = texts;
  const moved = { bytes: Buffer.allocUnsafe(bytes.length), offsets: new Float64Array(order.length + 1) };
  let end = 0;
  for (const [i, text] of order.entries()) {
    end += bytes.copy(moved.bytes, end, texts.offsets[text], texts.offsets[text + 1]);
    moved.offsets[i + 1] = end;
  }
  return moved;
}

function renumbered(
  triples: Int32Array,
  entities: Int32Array | undefined,
  relations: readonly number[] | undefined,
): Int32Array {
  const [entity, relation] = [entities, relations].map((order) => order && placesOf(order));
  return triples.map((number, i) => (i % 3 === 1 ? relation : entity)?.[number] ?? number);
}

function placesOf(order: ArrayLike<number>): Int32Array {
  const places = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) places[order[i] as number] = i;
  return places;
}

/** Sorts triples by head, relation and tail: three stable counting sorts, the last key first. */
function sortTriples({ ids, relations, triples }: CompactParts): Int32Array {
  let sorted = triples;
  for (const [place, keys] of [
    [2, ids.offsets.length],
    [1, relations.length],
    [0, ids.offsets.length],
  ] as const)
    sorted = sortedBy(sorted, place, keys);
  return sorted;
}

function sortedBy(triples: Int32Array, place: 0 | 1 | 2, keys: number): Int32Array {
  const next = new Int32Array(keys + 1);
  for (let i = place; i < triples.length; i += 3) {
    const after = (triples[i] as number) + 1;
    next[after] = (next[after] as number) + 1;
  }
  for (let key = 1; key <= keys; key++) next[key] = (next[key] as number) + (next[key - 1] as number);
  const sorted = new Int32Array(triples.length);
  for (let i = 0; i < triples.length; i += 3) {
    const key = triples[i + place] as number;
    const at = next[key] as number;
    next[key] = at + 1;
    sorted[3 * at] = triples[i] as number;
    sorted[3 * at + 1] = triples[i + 1] as number;
    sorted[3 * at + 2] = triples[i + 2] as number;
  }
  return sorted;
}
