import type { Entity, Relation } from "./graph.ts";
import type { GraphStore } from "./graph-builder.ts";
import { type EntityGraph, emptyEntityGraph, entityId, GraphologyGraph, nodeKey } from "./graphology-graph.ts";

/** Keeps what a builder adds in graphology. */
export class GraphologyStore implements GraphStore<GraphologyGraph> {
  readonly remembersPlaces = true;
  readonly #memory: EntityGraph = emptyEntityGraph();

  get entityCount(): number {
    return this.#memory.order;
  }

  entityIds(): string[] {
    return this.#memory.nodes().map(entityId);
  }

  hasEntity(id: string): boolean {
    return this.#memory.hasNode(nodeKey(id));
  }

  addEntity({ id, ...attributes }: Entity): void {
    this.#memory.addNode(nodeKey(id), attributes);
  }

  addTriple(head: string, relation: string, tail: string): boolean {
    const headKey = nodeKey(head);
    const tailKey = nodeKey(tail);
    if (!this.#memory.hasNode(headKey) || !this.#memory.hasNode(tailKey)) return false;
    this.#memory.addDirectedEdgeWithKey(String(this.#memory.size), headKey, tailKey, { relation });
    return true;
  }

  finish(source: string, relations: readonly Relation[]): GraphologyGraph {
    this.#memory.setAttribute("relations", relations);
    return new GraphologyGraph(source, this.#memory, relations);
  }
}
