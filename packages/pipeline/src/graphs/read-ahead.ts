import type { Entity, Graph, NeighbourQuery, Triple } from "@kgraft/kg";
import type { TextExample } from "@kgraft/text";

/** Entities that are fetched before their turn. */
const AHEAD = 2000;

/** Entities that are fetched together. */
const TOGETHER = 250;

/**
 * A graph in a database whose neighbourhoods are fetched before they are asked for: those of the entities in the examples
 * that come next, while the current ones are worked on. What it gives is what the graph gives.
 */
export class ReadAheadGraph implements Graph {
  readonly source: string;
  readonly #graph: Graph;
  readonly #coming: string[] = [];
  readonly #place = new Map<string, number>();
  #asked = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.source = graph.source;
  }

  get revision(): string | undefined {
    return this.#graph.revision;
  }

  /** Says which examples come, in their order, and starts on the first of them. */
  expect(examples: readonly TextExample[]): void {
    this.#coming.length = 0;
    this.#place.clear();
    this.#asked = 0;
    for (const { entity } of examples.flatMap(({ mentions }) => mentions ?? [])) {
      if (this.#place.has(entity)) continue;
      this.#place.set(entity, this.#coming.push(entity) - 1);
    }
    this.#fetch(AHEAD);
  }

  counts(): ReturnType<Graph["counts"]> {
    return this.#graph.counts();
  }

  entities(): ReturnType<Graph["entities"]> {
    return this.#graph.entities();
  }

  entity(id: string): Promise<Entity | undefined> {
    this.#reach(id);
    return this.#graph.entity(id);
  }

  relations(): ReturnType<Graph["relations"]> {
    return this.#graph.relations();
  }

  triples(): ReturnType<Graph["triples"]> {
    return this.#graph.triples();
  }

  neighbours(id: string, query?: NeighbourQuery): Promise<readonly Triple[]> {
    this.#reach(id);
    return this.#graph.neighbours(id, query);
  }

  degree(id: string): Promise<number> {
    return this.#graph.degree(id);
  }

  async elementId(id: string): Promise<string | undefined> {
    this.#reach(id);
    return this.#graph.elementId?.(id);
  }

  async prefetch(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#reach(id);
    await this.#graph.prefetch?.(ids);
  }

  close(): Promise<void> {
    return this.#graph.close();
  }

  /** Goes on fetching once half of what was fetched is used. */
  #reach(id: string): void {
    const place = this.#place.get(id);
    if (place !== undefined && place + AHEAD / 2 >= this.#asked) this.#fetch(place + AHEAD);
  }

  /** A failure is met by whoever asks for an entity that is missing then. */
  #fetch(end: number): void {
    for (; this.#asked < Math.min(end, this.#coming.length); this.#asked += TOGETHER)
      this.#graph.prefetch?.(this.#coming.slice(this.#asked, this.#asked + TOGETHER)).catch(() => undefined);
  }
}
