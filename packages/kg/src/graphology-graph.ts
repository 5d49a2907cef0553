import { MultiDirectedGraph } from "graphology";
import type { Entity, Graph, GraphCounts, NeighbourQuery, Relation, Triple } from "./graph.ts";

/** A node's attributes: an entity without its id. */
export type EntityAttributes = Omit<Entity, "id">;

/** An edge's attributes. */
export interface TripleAttributes {
  readonly relation: string;
}

/** The graph's own attributes; `relations` holds their words. */
export interface GraphAttributes {
  relations?: readonly Relation[];
  [name: string]: unknown;
}

/** A graphology graph whose nodes are entities and whose edges are triples. */
export type EntityGraph = MultiDirectedGraph<EntityAttributes, TripleAttributes, GraphAttributes>;

/** Makes an empty {@link EntityGraph}. */
export function emptyEntityGraph(): EntityGraph {
  return new MultiDirectedGraph<EntityAttributes, TripleAttributes, GraphAttributes>();
}

const plainObject = {};

/**
 * The node key of an entity. graphology keeps neighbours in plain objects, where `constructor` or `__proto__` would find
 * JavaScript's own members; such an id (there are a dozen) gets a zero character in front, every other one is its own key.
 */
export function nodeKey(id: string): string {
  return id in plainObject || id.startsWith("\0") ? `\0${id}` : id;
}

/** The entity id of a node key; the inverse of {@link nodeKey}. */
export function entityId(key: string): string {
  return key.startsWith("\0") ? key.slice(1) : key;
}

/**
 * A graph in memory, kept in graphology: `memory` is the graph itself, for graphology's own algorithms.
 *
 * Edge keys are the triples' positions in the source (`"0"`, `"1"`, …); that is the order in which everything is listed.
 */
export class GraphologyGraph implements Graph {
  readonly source: string;
  readonly memory: EntityGraph;
  readonly #relations: readonly Relation[];

  constructor(source: string, memory: EntityGraph, relations: readonly Relation[]) {
    this.source = source;
    this.memory = memory;
    this.#relations = relations;
  }

  async counts(): Promise<GraphCounts> {
    return { entities: this.memory.order, relations: this.#relations.length, triples: this.memory.size };
  }

  async *entities(): AsyncGenerator<Entity> {
    for (const { node, attributes } of this.memory.nodeEntries()) yield { id: entityId(node), ...attributes };
  }

  async entity(id: string): Promise<Entity | undefined> {
    const key = nodeKey(id);
    return this.memory.hasNode(key) ? { id, ...this.memory.getNodeAttributes(key) } : undefined;
  }

  async *relations(): AsyncGenerator<Relation> {
    yield* this.#relations;
  }

  async *triples(): AsyncGenerator<Triple> {
    for (const { source, target, attributes } of this.memory.edgeEntries())
      yield { head: entityId(source), relation: attributes.relation, tail: entityId(target) };
  }

  async neighbours(id: string, query: NeighbourQuery = {}): Promise<readonly Triple[]> {
    const { direction = "both", relations, limit = Number.POSITIVE_INFINITY } = query;
    const key = nodeKey(id);
    if (!this.memory.hasNode(key)) return [];
    const wanted = relations === undefined ? undefined : new Set(relations);
    const found: number[] = [];
    const keep = (edge: string, { relation }: TripleAttributes) => {
      if (wanted === undefined || wanted.has(relation)) found.push(Number(edge));
    };
    if (direction !== "in") this.memory.forEachOutEdge(key, keep);
    if (direction !== "out")
      this.memory.forEachInEdge(key, (edge, attributes, head) => {
        if (direction === "in" || head !== key) keep(edge, attributes);
      });
    found.sort((a, b) => a - b);
    return found.slice(0, limit).map((edge) => this.#triple(String(edge)));
  }

  async degree(id: string): Promise<number> {
    const key = nodeKey(id);
    return this.memory.hasNode(key) ? this.memory.degree(key) : 0;
  }

  async close(): Promise<void> {}

  #triple(edge: string): Triple {
    return {
      head: entityId(this.memory.source(edge)),
      relation: this.memory.getEdgeAttribute(edge, "relation"),
      tail: entityId(this.memory.target(edge)),
    };
  }
}
