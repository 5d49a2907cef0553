import { InputError, type Progress, suggestion } from "@kgraft/runtime";
import type { Entity, Relation, Triple } from "../graph.ts";
import { relationWords } from "../graph-builder.ts";
import { compareIds } from "../id-order.ts";
import type { Neo4jConnection } from "./connection.ts";
import { MappingQueries, type StoredId } from "./cypher.ts";
import { inOrder, merged } from "./in-order.ts";
import type { EntityMapping, Neo4jOptions } from "./neo4j-options.ts";
import { type EntityRow, entityOf, idText } from "./read-entity.ts";
import { cypherValue } from "./stored-values.ts";

/** Nodes of one label. All parts of a mapping have ids of one type. */
export interface Part {
  readonly number: number;
  readonly label: string;
  readonly idType: "string" | "integer";
  readonly nodes: number;
}

/** A piece of a part's index: ids above `from`, up to `to`. */
interface Range {
  readonly part: Part;
  readonly from: StoredId;
  readonly to: StoredId;
}

/** Triples in three lists of one length. */
export interface TriplePage {
  readonly heads: readonly StoredId[];
  readonly relations: readonly string[];
  readonly tails: readonly StoredId[];
}

const lowest = { string: "", integer: -(2n ** 63n) } as const;

/** Reads the entities and triples of a mapping in pages by key, several at a time, ordered by id. */
export class MappedNodes {
  readonly connection: Neo4jConnection;
  readonly queries: MappingQueries;
  readonly parts: readonly Part[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly mapping: EntityMapping;
  readonly #options: Neo4jOptions;
  #relations: Promise<readonly (Relation & { readonly triples: number })[]> | undefined;

  constructor(connection: Neo4jConnection, options: Neo4jOptions, mapping: EntityMapping, parts: readonly Part[]) {
    this.connection = connection;
    this.mapping = mapping;
    this.queries = new MappingQueries(mapping, options.relations);
    this.parts = parts;
    this.parameters = cypherValue(options.parameters) as Readonly<Record<string, unknown>>;
    this.#options = options;
  }

  get nodes(): number {
    return this.parts.reduce((sum, { nodes }) => sum + nodes, 0);
  }

  /** The relations that triples of the mapping have, sorted by id, with their counts; asked for once. */
  relations(): Promise<readonly (Relation & { readonly triples: number })[]> {
    this.#relations ??= this.#countRelations();
    return this.#relations;
  }

  /** Streams every entity, in the order of the ids. @throws InputError `kg.entity.doubled`, `kg.neo4j.property` */
  async *entities(progress?: Progress): AsyncGenerator<Entity> {
    const bar = progress === undefined ? undefined : rateBar(progress, "neo4j entities", this.nodes);
    let previous: EntityRow | undefined;
    for await (const rows of this.#entityRows()) {
      for (const row of rows) {
        if (previous !== undefined && idText(previous.id) === idText(row.id)) throw this.#doubled(previous, row);
        previous = row;
        yield entityOf(row, this.mapping, this.mapping, this.nodeName(row.element));
      }
      bar?.add(rows.length);
    }
    bar?.end();
  }

  /** Streams every triple in pages; within a head in no particular order. */
  async *triplePages(progress?: Progress): AsyncGenerator<TriplePage> {
    const bar = progress === undefined ? undefined : rateBar(progress, "neo4j triples", await this.#mostTriples());
    for (const part of this.parts)
      for await (const page of this.#partPages(part)) {
        yield page;
        bar?.add(page.heads.length);
      }
    bar?.end();
  }

  /** Streams every triple, in the order of head, relation, tail. */
  async *triples(): AsyncGenerator<Triple> {
    const [only, ...others] = this.parts;
    if (only === undefined) return;
    if (others.length > 0)
      return yield* merged(
        this.parts.map((part) => this.#partTriples(part)),
        (a, b) => this.compareIds(a.head, b.head),
      );
    for await (const page of this.#partPages(only)) yield* this.#sortedTriples(page);
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

  async *#partTriples(part: Part): AsyncGenerator<Triple> {
    for await (const page of this.#partPages(part)) yield* this.#sortedTriples(page);
  }

  /** A page's triples by head, relation and tail; heads stand together and in order already. */
  *#sortedTriples({ heads, relations, tails }: TriplePage): Generator<Triple> {
    for (let begin = 0; begin < heads.length; ) {
      const head = String(heads[begin]);
      const own: Triple[] = [];
      let i = begin;
      for (; i < heads.length && heads[i] === heads[begin]; i++)
        own.push({ head, relation: relations[i] as string, tail: String(tails[i]) });
      if (own.length > 1) own.sort((a, b) => compareIds(a.relation, b.relation) || this.compareIds(a.tail, b.tail));
      yield* own;
      begin = i;
    }
  }

  async *#partPages(part: Part): AsyncGenerator<TriplePage> {
    const heads = await this.#headsOfPage();
    yield* inOrder(this.#ranges(part, heads), this.#options.readers, (range) => this.#triples(range));
  }

  /** How many relationships of the mapped types the database has: at least as many as there are triples, and known at once. */
  async #mostTriples(): Promise<number> {
    const { rows } = await this.read(this.queries.countRelationships(), {}, "counting relationships");
    return rows.reduce((sum, [count]) => sum + Number(count), 0);
  }

  /** So many heads that their triples fill half a page in the mean; a fuller range has to be read in sorted pages. */
  async #headsOfPage(): Promise<number> {
    const { pageRows } = this.#options;
    const heads = Math.floor((0.5 * pageRows * this.nodes) / Math.max(1, await this.#mostTriples()));
    return Math.max(20, Math.min(pageRows, heads));
  }

  /** Rows in order, in lists. */
  async *#entityRows(): AsyncGenerator<readonly EntityRow[]> {
    const [only, ...others] = this.parts;
    if (only === undefined) return;
    if (others.length === 0) return yield* this.#partPagesOfRows(only);
    const streams = this.parts.map((part) => this.#partRows(part));
    for await (const row of merged(streams, (a, b) => this.compareIds(String(a.id), String(b.id)))) yield [row];
  }

  async *#partRows(part: Part): AsyncGenerator<EntityRow> {
    for await (const rows of this.#partPagesOfRows(part)) yield* rows;
  }

  #partPagesOfRows(part: Part): AsyncGenerator<readonly EntityRow[]> {
    const ranges = this.#ranges(part, this.#options.pageRows);
    return inOrder(ranges, this.#options.readers, (range) => this.#entityPage(range));
  }

  async *#entityPage({ part, from, to }: Range): AsyncGenerator<readonly EntityRow[]> {
    yield this.entityRows(this.queries.entities(part.number), { kgraftFrom: from, kgraftTo: to });
  }

  /** Runs an entity query of {@link MappingQueries}. */
  async entityRows(query: string, parameters: Readonly<Record<string, unknown>>): Promise<readonly EntityRow[]> {
    const { columns, rows } = await this.read(query, parameters, "reading entities");
    return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])) as unknown as EntityRow);
  }

  read(query: string, parameters: Readonly<Record<string, unknown>>, doing: string) {
    return this.connection.read(query, { ...this.parameters, ...parameters }, doing);
  }

  /** Cuts a part's index into pieces of so many nodes. */
  async *#ranges(part: Part, nodesOfRange: number): AsyncGenerator<Range> {
    const query = this.queries.nextRange(part.number);
    const kgraftRows = BigInt(nodesOfRange);
    for (let from: StoredId = lowest[part.idType]; ; ) {
      const { rows } = await this.read(query, { kgraftFrom: from, kgraftRows }, "reading the index");
      const [to, nodes] = rows[0] as [StoredId | null, bigint];
      if (to === null) return;
      yield { part, from, to };
      if (nodes < kgraftRows) return;
      from = to;
    }
  }

  /** A range's triples: in one page where they fit, else in sorted ones. */
  async *#triples(range: Range): AsyncGenerator<TriplePage> {
    const rows = this.#options.pageRows;
    const { rows: found } = await this.read(
      this.queries.triplesByHead(range.part.number),
      { kgraftFrom: range.from, kgraftTo: range.to, kgraftRows: BigInt(rows + 1) },
      "reading triples",
    );
    const [heads, relations, tails] = found[0] as [StoredId[], string[][], StoredId[][]];
    const triples = relations.reduce((sum, own) => sum + own.length, 0);
    if (triples > rows) yield* this.#sortedPages(range);
    else if (triples > 0) yield this.#flat(heads, relations, tails);
  }

  #flat(
    heads: readonly StoredId[],
    relations: readonly (readonly string[])[],
    tails: readonly (readonly StoredId[])[],
  ): TriplePage {
    const order = heads.map((_, i) => i).sort((a, b) => this.compareIds(String(heads[a]), String(heads[b])));
    return {
      heads: order.flatMap((i) => (relations[i] as string[]).map(() => heads[i] as StoredId)),
      relations: order.flatMap((i) => relations[i] as string[]),
      tails: order.flatMap((i) => tails[i] as StoredId[]),
    };
  }

  /** Pages of a range that has too many triples for one; the cursor is the last head and how many of its triples were given. */
  async *#sortedPages({ part, from, to }: Range): AsyncGenerator<TriplePage> {
    const rows = this.#options.pageRows;
    const cursor = { from, given: 0, inclusive: false };
    while (true) {
      const found = await this.read(
        this.queries.triples(part.number, cursor.inclusive),
        { kgraftFrom: cursor.from, kgraftTo: to, kgraftSkip: BigInt(cursor.given), kgraftRows: BigInt(rows) },
        "reading triples",
      );
      const [heads, relations, tails] = found.rows[0] as [StoredId[], string[], StoredId[]];
      if (heads.length > 0) yield { heads, relations, tails };
      if (heads.length < rows) return;
      const last = heads[heads.length - 1] as StoredId;
      const ofLast = heads.length - heads.indexOf(last);
      cursor.given = cursor.inclusive && last === cursor.from ? cursor.given + ofLast : ofLast;
      cursor.from = last;
      cursor.inclusive = true;
    }
  }

  async #countRelations(): Promise<readonly (Relation & { readonly triples: number })[]> {
    const counted = new Map<string, { triples: number; words: Set<string> }>();
    for (const part of this.parts) {
      const { rows } = await this.read(this.queries.countRelations(part.number), {}, "counting relationships");
      for (const [relation, triples, words] of rows as [string, bigint, unknown[] | null][]) {
        const one = counted.get(relation) ?? { triples: 0, words: new Set<string>() };
        counted.set(relation, one);
        one.triples += Number(triples);
        for (const word of words ?? []) one.words.add(this.#words(relation, word));
      }
    }
    return [...counted]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([id, { triples, words }]) => {
        const [label = relationWords(id)] = [...words].sort(compareIds);
        return { id, label, triples };
      });
  }

  #words(relation: string, words: unknown): string {
    if (typeof words === "string" && words !== "") return words;
    throw new InputError({
      code: "kg.neo4j.property",
      at: `${this.connection.name} relationship ${relation}`,
      problem: `property "${this.#options.relations.label}", mapped to label, is ${JSON.stringify(String(words))}`,
      wanted: "Wanted a string of one character or more",
    });
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

/** A progress bar that shows the rate, updated every thousand at most. */
function rateBar(progress: Progress, label: string, total: number): { add(count: number): void; end(): void } {
  const bar = progress.bar(label, total);
  const begin = performance.now();
  let done = 0;
  let shown = 0;
  const rate = () => `${Math.round(done / Math.max(0.001, (performance.now() - begin) / 1000)).toLocaleString("en")}/s`;
  return {
    add(count) {
      done += count;
      if (done - shown < 1000) return;
      shown = done;
      bar.update(done, rate());
    },
    end: () => bar.end(`${label}: ${done}, ${rate()}`),
  };
}

/** Says which name was probably meant, among those that the database has. */
export function meant(name: string, names: readonly string[]): string {
  return suggestion(name, names) ?? (names.length === 0 ? "It has none" : `It has ${names.slice(0, 10).join(", ")}`);
}
