import type { Entity, Relation } from "../graph.ts";
import type { GraphStore } from "../graph-builder.ts";
import { Int32List } from "../int32-list.ts";
import { CompactGraph } from "./compact-graph.ts";
import { idOrdered } from "./id-ordered.ts";
import { IdTable } from "./id-table.ts";
import { TextList, textAt } from "./texts.ts";

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
  /** The head of the last triple: in most sources the next one has the same. */
  #head: { readonly id: string; readonly number: number } | undefined;

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
    this.#head = undefined;
    this.#ids.push(entity.id);
    this.#table.add(entity.id, this.#ids.texts());
    this.#fields.push(fieldsText(entity));
  }

  addTriple(head: string, relation: string, tail: string): boolean {
    const texts = this.#ids.texts();
    if (this.#head?.id !== head) this.#head = { id: head, number: this.#table.find(head, texts) };
    const headNumber = this.#head.number;
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
    const place = new Map(relations.map(({ id }, i) => [id, i]));
    const placeOf = Int32Array.from(this.#relationNumber.keys(), (id) => place.get(id) as number);
    const triples = this.#triples.toArray();
    for (let i = 1; i < triples.length; i += 3) triples[i] = placeOf[triples[i] as number] as number;
    const parts = { ids: this.#ids.texts(), fields: this.#fields.texts(), relations, triples };
    return this.#order === "id"
      ? new CompactGraph(source, idOrdered(parts))
      : new CompactGraph(source, parts, { table: this.#table });
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
