import type { Entity, Graph, GraphCounts, NeighbourQuery, Relation, Triple } from "../graph.ts";
import { compareIds } from "../id-order.ts";
import type { MappedNodes } from "./mapped-nodes.ts";
import { NeighbourhoodCache } from "./neighbourhood-cache.ts";
import { entityOf, idText } from "./read-entity.ts";

/** What is known of one entity: its fields (undefined: no such entity) and all its triples (undefined: too many to hold). */
export interface Neighbourhood {
  readonly entity: Entity | undefined;
  readonly triples: readonly Triple[] | undefined;
}

type Found = [id: unknown, found: [relation: string, other: unknown][]];

/** Triples of one direction that are kept of an entity; those of a larger hub are asked for each time. */
const mostKept = 2000;

/** Ids of one query. */
const idsTogether = 1000;

/**
 * A graph that stays in its server. Listings stream in pages; fields and neighbours of single entities come through a cache,
 * which `prefetch` fills for many of them at once.
 */
export class Neo4jGraph implements Graph {
  readonly source: string;
  readonly revision: string;
  readonly #nodes: MappedNodes;
  readonly #cache: NeighbourhoodCache<Neighbourhood>;

  constructor(nodes: MappedNodes, cachedEntities: number, revision: string) {
    this.#nodes = nodes;
    this.#cache = new NeighbourhoodCache(cachedEntities, (ids) => this.#fetch(ids));
    this.source = nodes.connection.name;
    this.revision = revision;
  }

  async counts(): Promise<GraphCounts> {
    const relations = await this.#nodes.relations();
    const triples = relations.reduce((sum, relation) => sum + relation.triples, 0);
    return { entities: this.#nodes.nodes, relations: relations.length, triples };
  }

  entities(): AsyncIterable<Entity> {
    return this.#nodes.entities();
  }

  async entity(id: string): Promise<Entity | undefined> {
    return (await this.#cache.get(id)).entity;
  }

  async *relations(): AsyncGenerator<Relation> {
    for (const { id, label } of await this.#nodes.relations()) yield { id, label };
  }

  triples(): AsyncIterable<Triple> {
    return this.#nodes.triples();
  }

  async neighbours(id: string, query: NeighbourQuery = {}): Promise<readonly Triple[]> {
    const { direction = "both", relations, limit = Number.POSITIVE_INFINITY } = query;
    const { triples } = await this.#cache.get(id);
    const all = triples ?? (await this.#neighboursOf(id, query));
    return all
      .filter(
        ({ head, relation, tail }) =>
          ((direction !== "in" && head === id) || (direction !== "out" && tail === id)) &&
          (relations === undefined || relations.includes(relation)),
      )
      .slice(0, limit);
  }

  async degree(id: string): Promise<number> {
    const { triples } = await this.#cache.get(id);
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

  async prefetch(ids: readonly string[]): Promise<void> {
    await this.#cache.load(ids);
  }

  async close(): Promise<void> {
    await this.#nodes.connection.close();
  }

  async #fetch(ids: readonly string[]): Promise<ReadonlyMap<string, Neighbourhood>> {
    const found = new Map<string, Neighbourhood>();
    for (let i = 0; i < ids.length; i += idsTogether) {
      const together = ids.slice(i, i + idsTogether);
      const entities = await this.#entitiesOf(together);
      const triples = await this.#triplesOf([...entities.keys()], undefined, mostKept + 1);
      for (const id of together) {
        const of = triples.get(id);
        const tooMany = of?.some((side) => side.length > mostKept) ?? false;
        found.set(id, { entity: entities.get(id), triples: tooMany ? undefined : this.#sorted(of?.flat() ?? []) });
      }
    }
    return found;
  }

  async #entitiesOf(ids: readonly string[]): Promise<ReadonlyMap<string, Entity>> {
    const found = new Map<string, Entity>();
    const { queries, parts, mapping } = this.#nodes;
    const parameters = { kgraftIds: this.#nodes.storedIds(ids) };
    for (const { number } of parts)
      for (const row of await this.#nodes.entityRows(queries.entitiesById(number), parameters))
        found.set(idText(row.id) as string, entityOf(row, mapping, mapping, this.#nodes.nodeName(row.element)));
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
      const out = await this.#nodes.read(queries.outgoing(number), parameters, "reading neighbours");
      for (const [id, ends] of out.rows as unknown as Found[])
        for (const [relation, other] of ends)
          found.get(String(id))?.[0].push({ head: String(id), relation, tail: String(other) });
      const into = await this.#nodes.read(queries.incoming(number), parameters, "reading neighbours");
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
