import type { Entity, Graph, GraphCounts, NeighbourQuery, Prefetched, Relation, Triple } from "../graph.ts";
import { compareIds } from "../id-order.ts";
import type { Rows } from "./connection.ts";
import type { MappedEntity, MappedNodes } from "./mapped-nodes.ts";
import { NeighbourhoodCache } from "./neighbourhood-cache.ts";
import { idText } from "./read-entity.ts";

type Found = [id: unknown, found: [relation: string, other: unknown][]];

/** Triples of one direction that are kept of an entity; those of a larger hub are asked for each time. */
const mostKept = 2000;

/** Neighbours of one entity whose fields are fetched with its triples. */
const mostNeighbours = 50;

/** Ids of one query. */
const idsTogether = 1000;

/**
 * A graph that stays in its server. Listings stream in pages; fields and triples of single entities come through caches,
 * which `prefetch` fills for many of them at once, the fields of their neighbours included.
 */
export class Neo4jGraph implements Graph {
  readonly source: string;
  readonly revision: string;
  readonly #nodes: MappedNodes;
  /** Undefined: there is no such entity. */
  readonly #entities: NeighbourhoodCache<MappedEntity | undefined>;
  /** All triples of an entity; undefined: too many to hold. */
  readonly #triples: NeighbourhoodCache<readonly Triple[] | undefined>;

  constructor(nodes: MappedNodes, cachedEntities: number, revision: string) {
    this.#nodes = nodes;
    this.#entities = new NeighbourhoodCache(cachedEntities, (ids) => inBatches(ids, (some) => this.#entitiesOf(some)));
    this.#triples = new NeighbourhoodCache(cachedEntities, (ids) => inBatches(ids, (some) => this.#allTriplesOf(some)));
    this.source = nodes.connection.name;
    this.revision = revision;
  }

  async counts(): Promise<GraphCounts> {
    const relations = await this.#nodes.relations();
    const triples = relations.reduce((sum, relation) => sum + relation.triples, 0);
    return { entities: this.#nodes.nodes, relations: relations.length, triples };
  }

  async *entities(): AsyncGenerator<Entity> {
    for await (const page of this.#nodes.entityPages()) for (const { entity } of page) yield entity;
  }

  async entity(id: string): Promise<Entity | undefined> {
    return (await this.#entities.get(id))?.entity;
  }

  async elementId(id: string): Promise<string | undefined> {
    return (await this.#entities.get(id))?.element;
  }

  async *relations(): AsyncGenerator<Relation> {
    for (const { id, label } of await this.#nodes.relations()) yield { id, label };
  }

  triples(): AsyncIterable<Triple> {
    return this.#nodes.triples();
  }

  async neighbours(id: string, query: NeighbourQuery = {}): Promise<readonly Triple[]> {
    const { direction = "both", relations, limit = Number.POSITIVE_INFINITY } = query;
    const all = (await this.#triples.get(id)) ?? (await this.#neighboursOf(id, query));
    return all
      .filter(
        ({ head, relation, tail }) =>
          ((direction !== "in" && head === id) || (direction !== "out" && tail === id)) &&
          (relations === undefined || relations.includes(relation)),
      )
      .slice(0, limit);
  }

  async degree(id: string): Promise<number> {
    const triples = await this.#triples.get(id);
    if (triples !== undefined)
      return triples.reduce((sum, { head, tail }) => sum + Number(head === id) + Number(tail === id), 0);
    let degree = 0;
    for (const { number } of this.#nodes.parts) {
      const [kgraftId] = this.#nodes.storedIds([id]);
      const { rows } = await this.#nodes.read(this.#nodes.queries.degree(number), { kgraftId }, "counting neighbours");
      for (const [count] of rows) degree += Number(count);
    }
    return degree;
  }

  async prefetch(ids: readonly string[], what: Prefetched = "neighbourhoods"): Promise<void> {
    await Promise.all([
      this.#entities.load(ids),
      what === "neighbourhoods" && this.#triples.load(ids).then((found) => this.#loadNeighbours(found)),
    ]);
  }

  async close(): Promise<void> {
    await this.#nodes.connection.close();
  }

  /** Fetches the fields of the other ends of triples. */
  async #loadNeighbours(found: readonly (readonly Triple[] | undefined)[]): Promise<void> {
    const ends = found.flatMap((triples) => (triples ?? []).slice(0, mostNeighbours));
    await this.#entities.load(ends.flatMap(({ head, tail }) => [head, tail]));
  }

  async #allTriplesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly Triple[] | undefined>> {
    const found = await this.#triplesOf(ids, undefined, mostKept + 1);
    return new Map(
      [...found].map(([id, sides]) => {
        const tooMany = sides.some((side) => side.length > mostKept);
        return [id, tooMany ? undefined : this.#sorted(sides.flat())];
      }),
    );
  }

  async #entitiesOf(ids: readonly string[]): Promise<ReadonlyMap<string, MappedEntity>> {
    const found = new Map<string, MappedEntity>();
    const { queries, parts } = this.#nodes;
    const parameters = { kgraftIds: this.#nodes.storedIds(ids) };
    for (const { number } of parts)
      for (const row of await this.#nodes.entityRows(queries.entitiesById(number), parameters))
        found.set(idText(row.id) as string, this.#nodes.entityOf(row));
    return found;
  }

  /** A hub's triples as a query wants them, at most `limit` of each direction. */
  async #neighboursOf(id: string, { relations, limit }: NeighbourQuery): Promise<readonly Triple[]> {
    const found = await this.#triplesOf([id], relations, limit);
    return this.#sorted(found.get(id)?.flat() ?? []);
  }

  /** Triples out of and into entities; a loop is among the first only. */
  async #triplesOf(
    ids: readonly string[],
    relations: readonly string[] | undefined,
    limit: number | undefined,
  ): Promise<ReadonlyMap<string, [out: Triple[], into: Triple[]]>> {
    const found = new Map(ids.map((id): [string, [Triple[], Triple[]]] => [id, [[], []]]));
    const { queries, parts } = this.#nodes;
    const parameters = {
      kgraftIds: this.#nodes.storedIds(ids),
      kgraftRelations: relations ?? null,
      kgraftLimit: BigInt(Math.min(limit ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
    };
    for (const { number } of parts) {
      const [out, into] = await Promise.all(
        [queries.outgoing(number), queries.incoming(number)].map((query) =>
          this.#nodes.read(query, parameters, "reading neighbours"),
        ) as [Promise<Rows>, Promise<Rows>],
      );
      for (const [id, ends] of out.rows as unknown as Found[])
        for (const [relation, other] of ends)
          found.get(String(id))?.[0].push({ head: String(id), relation, tail: String(other) });
      for (const [id, ends] of into.rows as unknown as Found[])
        for (const [relation, other] of ends)
          found.get(String(id))?.[1].push({ head: String(other), relation, tail: String(id) });
    }
    return found;
  }

  #sorted(triples: readonly Triple[]): readonly Triple[] {
    const compare = (a: string, b: string) => this.#nodes.compareIds(a, b);
    return triples.toSorted(
      (a, b) => compare(a.head, b.head) || compareIds(a.relation, b.relation) || compare(a.tail, b.tail),
    );
  }
}

/** Fetches for so many keys at a time that no answer grows too large. */
async function inBatches<Value>(
  ids: readonly string[],
  fetch: (some: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): Promise<ReadonlyMap<string, Value>> {
  const found = new Map<string, Value>();
  for (let i = 0; i < ids.length; i += idsTogether)
    for (const [id, value] of await fetch(ids.slice(i, i + idsTogether))) found.set(id, value);
  return found;
}
