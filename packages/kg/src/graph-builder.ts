import { InputError, suggestion } from "@kgraft/runtime";
import type { Entity, Relation, Triple } from "./graph.ts";
import { type EntityGraph, emptyEntityGraph, GraphologyGraph, nodeKey } from "./graphology-graph.ts";

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

/**
 * Builds a {@link GraphologyGraph} piece by piece: entities first, then triples. Every `at` is the place that an error
 * names.
 */
export class GraphBuilder {
  readonly #source: string;
  readonly #memory: EntityGraph = emptyEntityGraph();
  readonly #relations = new Map<string, Relation>();
  readonly #entityPlaces = new Map<string, string>();
  #onlyDeclaredRelations = false;

  constructor(source: string) {
    this.#source = source;
  }

  /** Refuses from now on triples whose relation was not added before. */
  closeRelations(): void {
    this.#onlyDeclaredRelations = true;
  }

  hasEntity(id: string): boolean {
    return this.#memory.hasNode(nodeKey(id));
  }

  /** @throws InputError `kg.entity.doubled`, `kg.entity.id` where the id is empty */
  addEntity({ id, ...attributes }: Entity, at: string): void {
    if (id === "") throw new InputError({ code: "kg.entity.id", at, problem: "the entity's id is empty" });
    const key = nodeKey(id);
    if (this.#memory.hasNode(key))
      throw new InputError({
        code: "kg.entity.doubled",
        at,
        problem: `entity "${id}" was already given at ${this.#entityPlaces.get(id)}`,
        wanted: "Wanted every id once",
      });
    this.#memory.addNode(key, attributes);
    this.#entityPlaces.set(id, at);
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
    const headKey = nodeKey(head);
    const tailKey = nodeKey(tail);
    if (!this.#memory.hasNode(headKey)) throw this.#unknownEntity("head", head, at);
    if (!this.#memory.hasNode(tailKey)) throw this.#unknownEntity("tail", tail, at);
    this.#memory.addDirectedEdgeWithKey(String(this.#memory.size), headKey, tailKey, {
      relation: this.#relation(relation, at),
    });
  }

  /** @throws InputError `kg.graph.empty` where the graph has no entity */
  finish(): GraphologyGraph {
    if (this.#memory.order === 0)
      throw new InputError({
        code: "kg.graph.empty",
        at: this.#source,
        problem: "the graph is empty: it has no entity",
        fix: "Check that it is the right file, folder or filter",
      });
    const relations = [...this.#relations.values()];
    this.#memory.setAttribute("relations", relations);
    return new GraphologyGraph(this.#source, this.#memory, relations);
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
      problem: `${side} "${id}" is not among the ${this.#memory.order} entities`,
      fix: suggestion(id, this.#memory.nodes()) ?? "Add it to the entities, or drop the triple",
    });
  }
}
