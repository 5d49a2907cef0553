import { InputError, type Progress } from "@kgraft/runtime";
import type { Entity, Triple } from "../graph.ts";
import { compareIds } from "../id-order.ts";
import type { Neo4jConnection, Parameters, Rows } from "./connection.ts";
import { MappingQueries, type StoredId } from "./cypher.ts";
import { inOrder, merged } from "./in-order.ts";
import { keyRanges, type Part } from "./key-ranges.ts";
import type { EntityMapping, Neo4jOptions } from "./neo4j-options.ts";
import { rateBar } from "./rate-bar.ts";
import { type EntityRow, entityOf, entityRow, idText } from "./read-entity.ts";
import { type CountedRelation, countRelations } from "./relation-counts.ts";
import { cypherValue } from "./stored-values.ts";
import { sortedTriples, type TriplePage, tripleCount, triplePages } from "./triple-pages.ts";

/** An entity and the id under which the database keeps its node. */
export interface MappedEntity {
  readonly entity: Entity;
  readonly element: string;
}

/** Reads the entities and triples of a mapping in pages by key, several at a time, ordered by id. */
export class MappedNodes {
  readonly connection: Neo4jConnection;
  readonly queries: MappingQueries;
  readonly parts: readonly Part[];
  readonly parameters: Parameters;
  readonly mapping: EntityMapping;
  readonly options: Neo4jOptions;
  #relations: Promise<readonly CountedRelation[]> | undefined;

  constructor(connection: Neo4jConnection, options: Neo4jOptions, mapping: EntityMapping, parts: readonly Part[]) {
    this.connection = connection;
    this.mapping = mapping;
    this.queries = new MappingQueries(mapping, options.relations);
    this.parts = parts;
    this.parameters = cypherValue(options.parameters) as Parameters;
    this.options = options;
  }

  get nodes(): number {
    return this.parts.reduce((sum, { nodes }) => sum + nodes, 0);
  }

  /** The relations that triples of the mapping have, sorted by id, with their counts; asked for once. */
  relations(): Promise<readonly CountedRelation[]> {
    this.#relations ??= countRelations(this);
    return this.#relations;
  }

  /** Streams every entity in pages, in the order of the ids. @throws InputError `kg.entity.doubled`, `kg.neo4j.property` */
  async *entityPages(progress?: Progress): AsyncGenerator<readonly MappedEntity[]> {
    const bar = progress === undefined ? undefined : rateBar(progress, "neo4j entities", this.nodes);
    let previous: EntityRow | undefined;
    for await (const rows of this.#rowPages()) {
      for (const row of rows) {
        if (previous !== undefined && idText(previous.id) === idText(row.id)) throw this.#doubled(previous, row);
        previous = row;
      }
      yield rows.map((row) => this.entityOf(row));
      bar?.add(rows.length);
    }
    bar?.end();
  }

  /** Streams every triple in pages; within a head in no particular order. */
  async *triplePages(progress: Progress): AsyncGenerator<TriplePage> {
    const bar = rateBar(progress, "neo4j triples", await this.mostTriples());
    for (const part of this.parts)
      for await (const page of triplePages(this, part)) {
        yield page;
        bar.add(tripleCount(page));
      }
    bar.end();
  }

  /** Streams every triple, in the order of head, relation, tail. */
  triples(): AsyncGenerator<Triple> {
    return merged(
      this.parts.map((part) => sortedTriples(this, part)),
      (a, b) => this.compareIds(a.head, b.head),
    );
  }

  /** How many relationships of the mapped types the database has: at least as many as there are triples, and known at once. */
  async mostTriples(): Promise<number> {
    const { rows } = await this.read(this.queries.countRelationships(), {}, "counting relationships");
    return rows.reduce((sum, [count]) => sum + Number(count), 0);
  }

  /** Compares two ids as the index orders them: integers by value, strings by code points. */
  compareIds(a: string, b: string): number {
    if (this.parts[0]?.idType !== "integer") return compareIds(a, b);
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : Number(difference > 0n);
  }

  /** Ids as the index holds them; those that it cannot hold are left out. */
  storedIds(ids: readonly string[]): readonly StoredId[] {
    if (this.parts[0]?.idType !== "integer") return ids;
    return ids.filter((id) => /^(0|-?[1-9]\d{0,18})$/.test(id)).map(BigInt);
  }

  /** An id as the index holds it; one that it cannot hold stays text, which nothing equals. */
  storedId(id: string): StoredId {
    return this.storedIds([id])[0] ?? id;
  }

  /** A node's name in errors. */
  nodeName(element: unknown): string {
    return `${this.connection.name} node ${element}`;
  }

  /** Runs an entity query of {@link MappingQueries}. */
  async entityRows(query: string, parameters: Parameters): Promise<readonly EntityRow[]> {
    const { columns, rows } = await this.read(query, parameters, "reading entities");
    return rows.map((row) => entityRow(columns, row));
  }

  /** @throws InputError `kg.neo4j.property`, `kg.neo4j.json` where a value is of a wrong type */
  entityOf(row: EntityRow): MappedEntity {
    const entity = entityOf(row, this.mapping, this.mapping, this.nodeName(row.element));
    return { entity, element: String(row.element) };
  }

  /** Reads all rows of a query, which has the mapping's own parameters beside its own. */
  read(query: string, parameters: Parameters, doing: string): Promise<Rows> {
    return this.connection.read(query, { ...this.parameters, ...parameters }, doing);
  }

  /** Rows in order, in lists. */
  async *#rowPages(): AsyncGenerator<readonly EntityRow[]> {
    const [only, ...others] = this.parts;
    if (only === undefined) return;
    if (others.length === 0) return yield* this.#partPages(only);
    const streams = this.parts.map((part) => this.#partRows(part));
    for await (const row of merged(streams, (a, b) => this.compareIds(String(a.id), String(b.id)))) yield [row];
  }

  async *#partRows(part: Part): AsyncGenerator<EntityRow> {
    for await (const rows of this.#partPages(part)) yield* rows;
  }

  #partPages(part: Part): AsyncGenerator<readonly EntityRow[]> {
    const query = this.queries.entities(part.number);
    const page = async function* (nodes: MappedNodes, from: StoredId, to: StoredId) {
      yield await nodes.entityRows(query, { kgraftFrom: from, kgraftTo: to });
    };
    const { pageRows, readers } = this.options;
    return inOrder(keyRanges(this, part, pageRows), readers, ({ from, to }) => page(this, from, to));
  }

  #doubled(first: EntityRow, second: EntityRow): InputError {
    const { label } = this.mapping;
    return new InputError({
      code: "kg.entity.doubled",
      at: this.nodeName(second.element),
      problem: `id "${idText(second.id)}" is also that of node ${first.element}${typeof label === "string" ? "" : `, among the labels ${label.join(", ")}`}`,
      wanted: "Wanted every id once",
      fix: "Map a property that is unique over all labels, or leave one of the nodes out with graph.entities.where",
    });
  }
}
