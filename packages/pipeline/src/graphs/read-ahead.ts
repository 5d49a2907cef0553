import type { Entity, Graph, NeighbourQuery, Prefetched, Triple } from "@kgraft/kg";
import type { TextExample } from "@kgraft/text";

/** Entities that are fetched before their turn. */
const AHEAD = 2000;

/** Entities whose turn is remembered. */
const REMEMBERED = 4 * AHEAD;

/** Entities that are fetched together. */
const TOGETHER = 250;

/**
 * A graph in a database whose neighbourhoods are fetched before they are asked for: those of the entities in the examples
 * that come next, while the current ones are worked on. What it gives is what the graph gives.
 */
export class ReadAheadGraph implements Graph {
  readonly source: string;
  readonly #graph: Graph;
  /** Turns of the entities that were fetched last. */
  #turns: ReadonlyMap<string, number> = new Map();
  /** Entities that come and are not asked for yet. */
  #coming: AsyncIterator<string> = entitiesOf([], new Map());
  #asked = 0;
  #wanted = 0;
  /** Entities asked for one after another that had no turn. */
  #strangers = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.source = graph.source;
  }

  get revision(): string | undefined {
    return this.#graph.revision;
  }

  /** Says which examples come, in their order, and starts on the first of them; they are read as far as they are needed. */
  expect(examples: Iterable<TextExample> | AsyncIterable<TextExample>): void {
    const turns = new Map<string, number>();
    this.#turns = turns;
    this.#coming = entitiesOf(examples, turns);
    this.#asked = 0;
    this.#wanted = 0;
    this.#strangers = 0;
    void this.#fetch(AHEAD);
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

  async prefetch(ids: readonly string[], what?: Prefetched): Promise<void> {
    for (const id of ids) this.#reach(id);
    await this.#graph.prefetch?.(ids, what);
  }

  close(): Promise<void> {
    return this.#graph.close();
  }

  /** Goes on fetching once half of what was fetched is used, or the reader is past all of it: it may leave entities out. */
  #reach(id: string): void {
    const turn = this.#turns.get(id);
    this.#strangers = turn === undefined ? this.#strangers + 1 : 0;
    if (turn !== undefined && turn + AHEAD / 2 >= this.#asked) void this.#fetch(turn + AHEAD);
    if (this.#strangers < AHEAD) return;
    this.#strangers = 0;
    void this.#fetch(this.#asked + AHEAD);
  }

  /** A failure is met by whoever asks for an entity that is missing then, or reads the examples. */
  async #fetch(end: number): Promise<void> {
    const isBusy = this.#wanted > this.#asked;
    this.#wanted = Math.max(this.#wanted, end);
    if (isBusy) return;
    const coming = this.#coming;
    while (coming === this.#coming && this.#asked < this.#wanted) {
      const ids = await this.#take(coming).catch(() => []);
      if (coming !== this.#coming) return;
      if (ids.length === 0) this.#wanted = this.#asked;
      this.#asked += ids.length;
      this.#graph.prefetch?.(ids).catch(() => undefined);
    }
  }

  /** The next entities. */
  async #take(coming: AsyncIterator<string>): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < TOGETHER) {
      const { value, done } = await coming.next();
      if (done === true) break;
      ids.push(value);
    }
    return ids;
  }
}

/** The entities of examples in their order; one that had its turn lately has none anew. */
async function* entitiesOf(
  examples: Iterable<TextExample> | AsyncIterable<TextExample>,
  turns: Map<string, number>,
): AsyncGenerator<string> {
  let turn = 0;
  for await (const { mentions = [] } of examples)
    for (const { entity } of mentions) {
      if (turns.has(entity)) continue;
      turns.set(entity, turn++);
      if (turns.size > REMEMBERED) turns.delete(turns.keys().next().value as string);
      yield entity;
    }
}
