import { InputError, suggestion } from "@kgraft/runtime";
import type { Entity, Relation, Triple } from "./graph.ts";
import type { GraphologyGraph } from "./graphology-graph.ts";
import { GraphologyStore } from "./graphology-store.ts";

/** What a graph is made of. Relations that only triples name get their words from their ids. */
export interface GraphParts {
  readonly entities: Iterable<Entity> | AsyncIterable<Entity>;
  readonly relations?: Iterable<Relation> | AsyncIterable<Relation>;
  readonly triples: Iterable<Triple> | AsyncIterable<Triple>;
}

/**
 * Builds a graph in memory from its parts, streamed.
 *
 * @throws InputError as {@link GraphBuilder} does; places read `<source> entity 3`, counted from 1
 */
export async function buildGraph(source: string, parts: GraphParts): Promise<GraphologyGraph> {
  const builder = new GraphBuilder(source);
  let number = 0;
  for await (const entity of parts.entities) builder.addEntity(entity, `${source} entity ${++number}`);
  number = 0;
  for await (const relation of parts.relations ?? []) builder.addRelation(relation, `${source} relation ${++number}`);
  number = 0;
  for await (const { head, relation, tail } of parts.triples)
    builder.addTriple(head, relation, tail, `${source} triple ${++number}`);
  return builder.finish();
}

/** The words of a relation's id: `BORN_IN` and `born-in` are "born in". */
export function relationWords(id: string): string {
  const words = id
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
    .replace(/[_\-\s]+/g, " ")
    .trim()
    .toLowerCase();
  return words === "" ? id : words;
}

/** Where a {@link GraphBuilder} puts what it has checked. */
export interface GraphStore<Made> {
  /** Whether the builder should keep the place of every entity, to name both where one is doubled. */
  readonly remembersPlaces: boolean;
  readonly entityCount: number;
  entityIds(): Iterable<string>;
  hasEntity(id: string): boolean;
  /** Adds an entity that is not there yet. */
  addEntity(entity: Entity): void;
  /** Adds a triple; gives false, and adds nothing, where head or tail is not there. */
  addTriple(head: string, relation: string, tail: string): boolean;
  finish(source: string, relations: readonly Relation[]): Made;
}

/**
 * Builds a graph piece by piece: entities first, then triples. Every `at` is the place that an error names.
 */
export class GraphBuilder<Made = GraphologyGraph> {
  readonly #source: string;
  readonly #store: GraphStore<Made>;
  readonly #relations = new Map<string, Relation>();
  readonly #entityPlaces = new Map<string, string>();
  #onlyDeclaredRelations = false;

  /** @param store default: graphology; a `CompactStore` for large graphs */
  constructor(source: string, store: GraphStore<Made> = new GraphologyStore() as unknown as GraphStore<Made>) {
    this.#source = source;
    this.#store = store;
  }

  /** Refuses from now on triples whose relation was not added before. */
  closeRelations(): void {
    this.#onlyDeclaredRelations = true;
  }

  hasEntity(id: string): boolean {
    return this.#store.hasEntity(id);
  }

  /** @throws InputError `kg.entity.doubled`, `kg.entity.id` where the id is empty */
  addEntity(entity: Entity, at: string): void {
    const { id } = entity;
    if (id === "")
      throw new InputError({
        code: "kg.entity.id",
        at,
        problem: "the entity's id is empty",
        wanted: "Wanted one character or more",
      });
    if (this.#store.hasEntity(id)) {
      const place = this.#entityPlaces.get(id);
      throw new InputError({
        code: "kg.entity.doubled",
        at,
        problem: `entity "${id}" was already given${place === undefined ? "" : ` at ${place}`}`,
        wanted: "Wanted every id once",
      });
    }
    this.#store.addEntity(entity);
    if (this.#store.remembersPlaces) this.#entityPlaces.set(id, at);
  }

  /** @throws InputError `kg.relation.doubled` */
  addRelation(relation: Relation, at: string): void {
    if (this.#relations.has(relation.id))
      throw new InputError({
        code: "kg.relation.doubled",
        at,
        problem: `relation "${relation.id}" was already given`,
        wanted: "Wanted every id once",
      });
    this.#relations.set(relation.id, relation);
  }

  /** @throws InputError `kg.triple.head`, `kg.triple.tail`, `kg.triple.relation` where the id is not known */
  addTriple(head: string, relation: string, tail: string, at: string): void {
    if (this.tryTriple(head, relation, tail, at)) return;
    throw this.#store.hasEntity(head) ? this.#unknownEntity("tail", tail, at) : this.#unknownEntity("head", head, at);
  }

  /** Adds a triple; gives false, and adds nothing, where head or tail is not known. */
  tryTriple(head: string, relation: string, tail: string, at: string): boolean {
    return this.#store.addTriple(head, this.#relation(relation, at), tail);
  }

  /** @throws InputError `kg.graph.empty` where the graph has no entity */
  finish(): Made {
    if (this.#store.entityCount === 0)
      throw new InputError({
        code: "kg.graph.empty",
        at: this.#source,
        problem: "the graph is empty: it has no entity",
        fix: "Check that it is the right file, folder or filter",
      });
    return this.#store.finish(this.#source, [...this.#relations.values()]);
  }

  /** The id as one shared string, so that a million triples do not hold a million copies. */
  #relation(id: string, at: string): string {
    const known = this.#relations.get(id);
    if (known !== undefined) return known.id;
    if (this.#onlyDeclaredRelations) {
      const ids = [...this.#relations.keys()];
      throw new InputError({
        code: "kg.triple.relation",
        at,
        problem: `relation "${id}" is not among the ${ids.length} relations`,
        fix: suggestion(id, ids) ?? "Add it to the relations, or give no list of relations at all",
      });
    }
    this.#relations.set(id, { id, label: relationWords(id) });
    return id;
  }

  #unknownEntity(side: "head" | "tail", id: string, at: string): InputError {
    return new InputError({
      code: `kg.triple.${side}`,
      at,
      problem: `${side} "${id}" is not among the ${this.#store.entityCount} entities`,
      fix: suggestion(id, [...this.#store.entityIds()]) ?? "Add it to the entities, or drop the triple",
    });
  }
}
