import type { Entity, Relation } from "../graph.ts";
import type { GraphStore } from "../graph-builder.ts";
import { compareIds } from "../id-order.ts";
import { Int32List } from "../int32-list.ts";
import { CompactGraph, type CompactParts } from "./compact-graph.ts";
import { IdTable, sortedOrder } from "./id-table.ts";
import { TextList, type Texts, textAt } from "./texts.ts";

/**
 * Keeps what a builder adds in bytes and integers; see {@link CompactGraph}.
 *
 * Order `id` sorts entities and relations by id (code points) and triples by head, relation and tail: the same graph is the same
 * bytes, wherever it came from and in whatever order.
 */
export class CompactStore implements GraphStore<CompactGraph> {
  readonly remembersPlaces: boolean;
  readonly #order: "source" | "id";
  readonly #ids = new TextList();
  readonly #fields = new TextList();
  readonly #table = new IdTable();
  readonly #relationNumber = new Map<string, number>();
  readonly #triples = new Int32List(3 << 10);

  /** @param remembersPlaces see {@link GraphStore}; it costs a string an entity while the graph is built */
  constructor(order: "source" | "id", remembersPlaces = false) {
    this.#order = order;
    this.remembersPlaces = remembersPlaces;
  }

  get entityCount(): number {
    return this.#ids.length;
  }

  *entityIds(): Generator<string> {
    const texts = this.#ids.texts();
    for (let i = 0; i < this.#ids.length; i++) yield textAt(texts, i);
  }

  hasEntity(id: string): boolean {
    return this.#table.find(id, this.#ids.texts()) !== -1;
  }

  addEntity(entity: Entity): void {
    this.#ids.push(entity.id);
    this.#table.add(entity.id, this.#ids.texts());
    this.#fields.push(fieldsText(entity));
  }

  addTriple(head: string, relation: string, tail: string): boolean {
    const texts = this.#ids.texts();
    const headNumber = this.#table.find(head, texts);
    const tailNumber = this.#table.find(tail, texts);
    if (headNumber === -1 || tailNumber === -1) return false;
    let number = this.#relationNumber.get(relation);
    if (number === undefined) {
      number = this.#relationNumber.size;
      this.#relationNumber.set(relation, number);
    }
    this.#triples.push(headNumber);
    this.#triples.push(number);
    this.#triples.push(tailNumber);
    return true;
  }

  finish(source: string, relations: readonly Relation[]): CompactGraph {
    const sorted = this.#order === "id" ? relations.toSorted((a, b) => compareIds(a.id, b.id)) : relations;
    const place = new Map(sorted.map(({ id }, i) => [id, i]));
    const placeOf = Int32Array.from(this.#relationNumber.keys(), (id) => place.get(id) as number);
    const triples = this.#triples.toArray();
    for (let i = 1; i < triples.length; i += 3) triples[i] = placeOf[triples[i] as number] as number;
    const parts = { ids: this.#ids.texts(), fields: this.#fields.texts(), relations: sorted, triples };
    return this.#order === "id"
      ? new CompactGraph(source, inIdOrder(parts))
      : new CompactGraph(source, parts, this.#table);
  }
}

/** An entity's fields as JSON with keys in one order, without what is empty. */
function fieldsText({ id, label, aliases, description, types, properties }: Entity): string {
  return JSON.stringify({
    ...(label === id ? {} : { label }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(description === undefined ? {} : { description }),
    ...(types.length === 0 ? {} : { types }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  });
}

function inIdOrder(parts: CompactParts): CompactParts {
  const order = sortedOrder(parts.ids);
  if (order === undefined) return { ...parts, triples: sortTriples(parts) };
  const place = new Int32Array(order.length);
  for (const [i, entity] of order.entries()) place[entity] = i;
  const triples = parts.triples.map((number, i) => (i % 3 === 1 ? number : (place[number] as number)));
  const moved = { ...parts, ids: reordered(parts.ids, order), fields: reordered(parts.fields, order), triples };
  return { ...moved, triples: sortTriples(moved) };
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
