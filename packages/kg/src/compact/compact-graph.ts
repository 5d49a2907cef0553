import type { Entity, Graph, GraphCounts, NeighbourQuery, Relation, Triple } from "../graph.ts";
import { IdTable } from "./id-table.ts";
import { type Texts, textAt } from "./texts.ts";

/** What a {@link CompactGraph} is made of. */
export interface CompactParts {
  readonly ids: Texts;
  /** JSON of each entity without its id; `label` is left out where it is the id, lists where they are empty. */
  readonly fields: Texts;
  readonly relations: readonly Relation[];
  /** head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
  readonly triples: Int32Array;
}

/** Triples by entity: those of entity e are `triples[offsets[e]]` … `triples[offsets[e + 1] - 1]`, in the graph's order. */
interface Incidence {
  readonly offsets: Int32Array;
  readonly triples: Int32Array;
}

/**
 * A graph in memory for millions of triples: ids and fields are runs of bytes, triples are integers. It takes 12 bytes a
 * triple (20 once neighbours are asked for) and the texts of the entities; fields are parsed when they are asked for.
 */
export class CompactGraph implements Graph {
  readonly source: string;
  readonly revision: string | undefined;
  readonly parts: CompactParts;
  readonly #table: IdTable;
  readonly #relationNumber: ReadonlyMap<string, number>;
  #outgoing: Incidence | undefined;
  #incoming: Incidence | undefined;

  /** @param known a table of the ids, and what the content is called, where there are such */
  constructor(
    source: string,
    parts: CompactParts,
    known: { readonly table?: IdTable; readonly revision?: string } = {},
  ) {
    const { table = IdTable.of(parts.ids), revision } = known;
    this.source = source;
    this.revision = revision;
    this.parts = parts;
    this.#table = table;
    this.#relationNumber = new Map(parts.relations.map(({ id }, number) => [id, number]));
  }

  async counts(): Promise<GraphCounts> {
    const { ids, relations, triples } = this.parts;
    return { entities: ids.offsets.length - 1, relations: relations.length, triples: triples.length / 3 };
  }

  async *entities(): AsyncGenerator<Entity> {
    for (let number = 0; number < this.parts.ids.offsets.length - 1; number++) yield this.#entity(number);
  }

  /** Where an entity stands in the graph's order, or -1. */
  numberOf(id: string): number {
    return this.#table.find(id, this.parts.ids);
  }

  async entity(id: string): Promise<Entity | undefined> {
    const number = this.numberOf(id);
    return number === -1 ? undefined : this.#entity(number);
  }

  async *relations(): AsyncGenerator<Relation> {
    yield* this.parts.relations;
  }

  async *triples(): AsyncGenerator<Triple> {
    for (let i = 0; i < this.parts.triples.length / 3; i++) yield this.#triple(i);
  }

  async neighbours(id: string, query: NeighbourQuery = {}): Promise<readonly Triple[]> {
    const { direction = "both", relations, limit = Number.POSITIVE_INFINITY } = query;
    const entity = this.numberOf(id);
    if (entity === -1) return [];
    const { triples } = this.parts;
    const wanted = relations && new Set(relations.map((relation) => this.#relationNumber.get(relation)));
    const keep = (i: number) => wanted === undefined || wanted.has(triples[3 * i + 1]);
    const found: number[] = [];
    if (direction !== "in") for (const i of of(entity, this.#out())) if (keep(i)) found.push(i);
    if (direction !== "out")
      for (const i of of(entity, this.#in()))
        if (keep(i) && (direction === "in" || triples[3 * i] !== entity)) found.push(i);
    if (direction === "both") found.sort((a, b) => a - b);
    return found.slice(0, limit).map((i) => this.#triple(i));
  }

  async degree(id: string): Promise<number> {
    const entity = this.numberOf(id);
    return entity === -1 ? 0 : of(entity, this.#out()).length + of(entity, this.#in()).length;
  }

  async close(): Promise<void> {}

  #out(): Incidence {
    this.#outgoing ??= incidence(this.parts, 0);
    return this.#outgoing;
  }

  #in(): Incidence {
    this.#incoming ??= incidence(this.parts, 2);
    return this.#incoming;
  }

  #entity(number: number): Entity {
    const id = textAt(this.parts.ids, number);
    const fields = JSON.parse(textAt(this.parts.fields, number)) as Partial<Entity>;
    const { label = id, aliases = [], description, types = [], properties = {} } = fields;
    return { id, label, aliases, ...(description === undefined ? {} : { description }), types, properties };
  }

  #triple(i: number): Triple {
    const { ids, relations, triples } = this.parts;
    return {
      head: textAt(ids, triples[3 * i] as number),
      relation: (relations[triples[3 * i + 1] as number] as Relation).id,
      tail: textAt(ids, triples[3 * i + 2] as number),
    };
  }
}

function of(entity: number, { offsets, triples }: Incidence): Int32Array {
  return triples.subarray(offsets[entity], offsets[entity + 1]);
}

/** @param place 0 for triples by head, 2 for triples by tail */
function incidence({ ids, triples }: CompactParts, place: 0 | 2): Incidence {
  const offsets = new Int32Array(ids.offsets.length);
  for (let i = place; i < triples.length; i += 3) {
    const next = (triples[i] as number) + 1;
    offsets[next] = (offsets[next] as number) + 1;
  }
  for (let e = 1; e < offsets.length; e++) offsets[e] = (offsets[e] as number) + (offsets[e - 1] as number);
  const next = offsets.slice();
  const members = new Int32Array(triples.length / 3);
  for (let i = 0; i < members.length; i++) {
    const entity = triples[3 * i + place] as number;
    const at = next[entity] as number;
    members[at] = i;
    next[entity] = at + 1;
  }
  return { offsets, triples: members };
}
