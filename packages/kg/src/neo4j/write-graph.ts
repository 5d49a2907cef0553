import { InputError, type Progress, silent } from "@kgraft/runtime";
import type { Entity, Graph, Triple } from "../graph.ts";
import { Neo4jConnection } from "./connection.ts";
import { escapeName } from "./escape-name.ts";
import type { EntityMapping, Neo4jOptions } from "./neo4j-options.ts";
import { entityMapping } from "./open-mapping.ts";
import { cypherValue } from "./stored-values.ts";

/** What {@link writeGraphToNeo4j} wrote. A triple that occurs twice in the graph is one relationship. */
export interface WrittenGraph {
  readonly entities: number;
  readonly triples: number;
}

const together = 5000;

/**
 * Writes any graph into Neo4j by the mapping that reads it: entities become nodes of the label (the first of several), triples
 * relationships whose type is the relation. Where there is a node of that id already its mapped properties are set and
 * nothing else, so that the same graph can be written again after a break. A unique constraint on the id is made first.
 *
 * @throws InputError `kg.neo4j.import` where the mapping has no place for something that the graph has
 */
export async function writeGraphToNeo4j(
  graph: Graph,
  options: Neo4jOptions,
  progress: Progress = silent,
): Promise<WrittenGraph> {
  const mapping = entityMapping(options);
  const connection = await Neo4jConnection.open(options);
  try {
    const writer = new GraphWriter(connection, mapping, options);
    await writer.makeConstraint();
    const { entities, triples } = await graph.counts();
    await writer.entities(graph.entities(), progress.bar("neo4j nodes", entities));
    const words = new Map<string, string>();
    for await (const { id, label } of graph.relations()) words.set(id, label);
    await writer.triples(graph.triples(), words, progress.bar("neo4j relationships", triples));
    return writer.written;
  } finally {
    await connection.close();
  }
}

class GraphWriter {
  readonly written = { entities: 0, triples: 0 };
  readonly #connection: Neo4jConnection;
  readonly #mapping: EntityMapping;
  readonly #options: Neo4jOptions;
  readonly #label: string;
  readonly #id: string;

  constructor(connection: Neo4jConnection, mapping: EntityMapping, options: Neo4jOptions) {
    this.#connection = connection;
    this.#mapping = mapping;
    this.#options = options;
    this.#label = escapeName([mapping.label].flat()[0] as string);
    this.#id = escapeName(mapping.id);
  }

  async makeConstraint(): Promise<void> {
    await this.#connection.command(
      `CREATE CONSTRAINT IF NOT EXISTS FOR (n:${this.#label}) REQUIRE n.${this.#id} IS UNIQUE`,
      {},
      "making the constraint on the id",
    );
  }

  async entities(entities: AsyncIterable<Entity>, bar: ReturnType<Progress["bar"]>): Promise<void> {
    const query = `UNWIND $rows AS row MERGE (n:${this.#label} {${this.#id}: row.id}) SET n += row.values`;
    for await (const batch of batches(entities, together)) {
      const rows = batch.map((entity) => ({ id: entity.id, values: this.#values(entity) }));
      await this.#connection.write([query], { rows }, "writing entities");
      this.written.entities += rows.length;
      bar.update(this.written.entities);
    }
    bar.end();
  }

  /** Relationships are written type by type, since Cypher takes no parameter for a type. */
  async triples(
    triples: AsyncIterable<Triple>,
    words: ReadonlyMap<string, string>,
    bar: ReturnType<Progress["bar"]>,
  ): Promise<void> {
    for await (const batch of batches(triples, together)) {
      for (const [relation, same] of byRelation(batch)) {
        const rows = same.map(({ head, tail }) => ({ head, tail }));
        const parameters = { rows, words: words.get(relation) ?? relation };
        const [found] = await this.#connection.write([this.#tripleQuery(relation)], parameters, "writing triples");
        this.written.triples += Number(found?.rows[0]?.[0] ?? 0);
      }
      bar.update(this.written.triples);
    }
    bar.end();
  }

  #tripleQuery(relation: string): string {
    const { label } = this.#options.relations;
    const words = label === undefined ? "" : ` SET r.${escapeName(label)} = $words`;
    const end = (name: string) => `(${name}:${this.#label} {${this.#id}: row.${name}})`;
    return `UNWIND $rows AS row MATCH ${end("head")} MATCH ${end("tail")}
MERGE (head)-[r:${escapeName(relation)}]->(tail)${words} RETURN count(DISTINCT r)`;
  }

  #values({ id, label, aliases, description, types, properties }: Entity): Record<string, unknown> {
    const place = (field: "text" | "aliases" | "description" | "types", value: unknown, there: boolean) => {
      const name = this.#mapping[field];
      if (name !== undefined) return there ? [[name, value] as const] : [];
      if (!there) return [];
      throw this.#noPlace(id, field === "text" ? "label" : field, `Name a property for it: graph.entities.${field}`);
    };
    return Object.fromEntries([
      ...place("text", label, label !== id),
      ...place("aliases", aliases, aliases.length > 0),
      ...place("description", description, description !== undefined),
      ...place("types", types, types.length > 0),
      ...Object.entries(properties).map(([name, value]) => [name, this.#property(id, name, value)] as const),
    ]);
  }

  #property(id: string, name: string, value: unknown): unknown {
    const { json, properties } = this.#mapping;
    if (json.includes(name)) return JSON.stringify(value);
    if (properties !== "*" && !properties.includes(name))
      throw this.#noPlace(id, `property "${name}"`, "Add it to graph.entities.properties or graph.entities.json");
    if (isStorable(value)) return cypherValue(value);
    throw new InputError({
      code: "kg.neo4j.import",
      at: `entity "${id}"`,
      problem: `property "${name}" is ${JSON.stringify(value)?.slice(0, 60)}, which Neo4j cannot hold`,
      wanted: "Wanted text, a number, true or false, or a list of one of these",
      fix: "Add it to graph.entities.json, so that it is kept as JSON text",
    });
  }

  #noPlace(id: string, what: string, fix: string): InputError {
    return new InputError({
      code: "kg.neo4j.import",
      at: `entity "${id}"`,
      problem: `the mapping has no place for its ${what}`,
      fix,
    });
  }
}

function isStorable(value: unknown): boolean {
  const kind = typeof value;
  if (kind === "string" || kind === "number" || kind === "boolean") return true;
  return Array.isArray(value) && new Set(value.map((one) => typeof one)).size <= 1 && value.every(isPlain);
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" && isStorable(value);
}

/** Cuts a stream into lists of `size`. */
export async function* batches<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  size: number,
): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function byRelation(triples: readonly Triple[]): ReadonlyMap<string, readonly Triple[]> {
  const groups = new Map<string, Triple[]>();
  for (const triple of triples) {
    const group = groups.get(triple.relation);
    if (group === undefined) groups.set(triple.relation, [triple]);
    else group.push(triple);
  }
  return groups;
}
