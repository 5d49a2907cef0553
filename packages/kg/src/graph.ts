/** An entity of a knowledge graph. */
export interface Entity {
  readonly id: string;
  /** What people call it; never empty (the id where the source has none). */
  readonly label: string;
  readonly aliases: readonly string[];
  readonly description?: string | undefined;
  readonly types: readonly string[];
  /** Everything else. `aliasWeights: Record<alias, number>` gives the linker its priors (counts). */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A relation and its words. */
export interface Relation {
  readonly id: string;
  readonly label: string;
}

/** What is fetched ahead of entities: their fields and neighbours, the fields of these included, or their fields alone. */
export type Prefetched = "neighbourhoods" | "fields";

/** A statement of the graph, by ids. */
export interface Triple {
  readonly head: string;
  readonly relation: string;
  readonly tail: string;
}

export interface GraphCounts {
  readonly entities: number;
  readonly relations: number;
  readonly triples: number;
}

export interface NeighbourQuery {
  /** `out`: the entity is the head; `in`: the tail. Default `both`. */
  readonly direction?: "out" | "in" | "both";
  readonly relations?: readonly string[];
  readonly limit?: number;
}

/**
 * A knowledge graph, wherever it lives. Everything streams, so that a graph may be larger than memory; an adapter that
 * opened a connection closes it in `close`. Orders are those of the source and the same at every call.
 */
export interface Graph {
  /** The adapter's config name with its source, for provenance: `wordnet 3.1`, `folder kg-fixtures/toy`. */
  readonly source: string;
  /** Names what the graph holds, where it is kept in a database: of two equal ones nothing need be computed again. */
  readonly revision?: string | undefined;
  counts(): Promise<GraphCounts>;
  entities(): AsyncIterable<Entity>;
  entity(id: string): Promise<Entity | undefined>;
  relations(): AsyncIterable<Relation>;
  triples(): AsyncIterable<Triple>;
  neighbours(id: string, query?: NeighbourQuery): Promise<readonly Triple[]>;
  /** Triples in which the entity is head or tail; a loop counts twice. 0 for an unknown entity. */
  degree(id: string): Promise<number>;
  /** The id under which a database keeps the entity's node, for provenance. */
  elementId?(id: string): Promise<string | undefined>;
  /**
   * Says which entities will be asked for soon, so that an adapter over a network can fetch them together. Adapters that
   * have everything at hand leave it out.
   *
   * @param what by default neighbourhoods
   */
  prefetch?(ids: readonly string[], what?: Prefetched): Promise<void>;
  close(): Promise<void>;
}
