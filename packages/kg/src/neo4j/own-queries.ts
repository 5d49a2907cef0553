import { InputError, type Progress } from "@kgraft/runtime";
import type { CompactGraph } from "../compact/compact-graph.ts";
import { type GraphBuilder, relationWords } from "../graph-builder.ts";
import type { Neo4jConnection } from "./connection.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";
import { type EntityRow, entityOf, idText, short } from "./read-entity.ts";
import { cypherValue } from "./stored-values.ts";

type Queries = NonNullable<Neo4jOptions["queries"]>;
type Row = Readonly<Record<string, unknown>>;

const fieldColumns = new Set(["id", "text", "aliases", "description", "types"]);

/**
 * Reads a graph by a user's own Cypher; see `queries` of the options.
 *
 * @returns 0, since every triple must name entities that the first query gave
 * @throws InputError `kg.neo4j.columns`, `kg.neo4j.id`, `kg.neo4j.property`, `kg.triple.head`, `kg.triple.tail`
 */
export async function readQueries(
  builder: GraphBuilder<CompactGraph>,
  connection: Neo4jConnection,
  options: Neo4jOptions,
  { entities, triples }: Queries,
  progress: Progress,
): Promise<number> {
  const parameters = cypherValue(options.parameters) as Readonly<Record<string, unknown>>;
  const stream = (query: string, name: string) => counted(connection.stream(query, parameters, name), name, progress);
  for await (const [row, number] of stream(entities, "graph.queries.entities")) {
    const at = `${connection.name} row ${number} of graph.queries.entities`;
    assertColumns(row, ["id"], at);
    builder.addEntity(entityOf(entityRow(row, at), {}, options.entities ?? {}, at), at);
  }
  const words = new Map<string, string>();
  for await (const [row, number] of stream(triples, "graph.queries.triples")) {
    const at = `${connection.name} row ${number} of graph.queries.triples`;
    const [head, relation, tail] = tripleOf(row, at);
    if (!words.has(relation)) {
      const label = typeof row.label === "string" && row.label !== "" ? row.label : relationWords(relation);
      words.set(relation, label);
      builder.addRelation({ id: relation, label }, at);
    }
    builder.addTriple(head, relation, tail, at);
  }
  return 0;
}

async function* counted(rows: AsyncIterable<Row>, name: string, progress: Progress): AsyncGenerator<[Row, number]> {
  const bar = progress.bar(name, 0);
  let number = 0;
  for await (const row of rows) {
    yield [row, ++number];
    if (number % 1000 === 0) bar.update(number);
  }
  bar.end(`${name}: ${number} rows`);
}

function entityRow(row: Row, at: string): EntityRow {
  if (idText(row.id) === undefined) throw wrongId("id", row.id, at);
  const others = Object.entries(row).filter(([name]) => !fieldColumns.has(name));
  return { ...row, id: row.id, labels: undefined, properties: Object.fromEntries(others) };
}

function tripleOf(row: Row, at: string): [head: string, relation: string, tail: string] {
  assertColumns(row, ["head", "relation", "tail"], at);
  const part = (name: string) => {
    const text = idText(row[name]);
    if (text === undefined) throw wrongId(name, row[name], at);
    return text;
  };
  return [part("head"), part("relation"), part("tail")];
}

function wrongId(name: string, value: unknown, at: string): InputError {
  return new InputError({
    code: "kg.neo4j.id",
    at,
    problem: `column "${name}" is ${short(value)}`,
    wanted: "Wanted a string of one character or more, or an integer",
  });
}

function assertColumns(row: Row, wanted: readonly string[], at: string): void {
  const missing = wanted.find((name) => !(name in row));
  if (missing === undefined) return;
  throw new InputError({
    code: "kg.neo4j.columns",
    at,
    problem: `has no column "${missing}", only ${Object.keys(row).join(", ")}`,
    fix: `Name it in the query: RETURN … AS ${missing}`,
  });
}
