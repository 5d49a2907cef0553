import { InputError, type Progress, suggestion } from "@kgraft/runtime";
import type { Neo4jConnection } from "./connection.ts";
import { MappingQueries } from "./cypher.ts";
import { escapeName } from "./escape-name.ts";
import type { Part } from "./key-ranges.ts";
import type { EntityMapping, Neo4jOptions } from "./neo4j-options.ts";
import { short } from "./read-entity.ts";
import { cypherValue } from "./stored-values.ts";

/**
 * Makes sure before anything is read that the database has what the mapping names: labels, relationship types, an index on
 * the id, and an id of one type in every node.
 *
 * @throws InputError `kg.neo4j.empty`, `kg.neo4j.index`, `kg.neo4j.id`, `kg.neo4j.relation`
 */
export async function checkMapping(
  connection: Neo4jConnection,
  options: Neo4jOptions,
  mapping: EntityMapping,
): Promise<readonly Part[]> {
  const queries = new MappingQueries(mapping, options.relations);
  const parts: Part[] = [];
  for (const [number, label] of queries.labels.entries()) {
    const query = queries.countIds(number);
    const { rows } = await connection.read(
      query,
      cypherValue(options.parameters) as Record<string, unknown>,
      "graph.entities",
    );
    const [nodes, strings, integers, without] = (rows[0] as bigint[]).map(Number) as [number, number, number, number];
    if (nodes === 0) continue;
    if (without > 0 || (strings !== nodes && integers !== nodes))
      throw await badId(connection, options, queries, mapping, number, { nodes, strings, integers, without });
    await assertIndex(connection, label, mapping.id);
    parts.push({ number, label, idType: strings > 0 ? "string" : "integer", nodes });
  }
  if (parts.length === 0) throw await nothingFound(connection, queries.labels, mapping);
  const [first] = parts;
  const other = parts.find(({ idType }) => idType !== first?.idType);
  if (first !== undefined && other !== undefined)
    throw new InputError({
      code: "kg.neo4j.id",
      at: connection.name,
      problem: `"${mapping.id}" is of type ${first.idType} in label "${first.label}" and ${other.idType} in "${other.label}"`,
      wanted: "Wanted one type",
    });
  await assertRelationTypes(connection, options);
  return parts;
}

/** Notes a property that is mapped and that no node of the database has. */
export async function noteUnknownProperties(
  connection: Neo4jConnection,
  mapping: EntityMapping,
  progress: Progress,
): Promise<void> {
  const known = await firstColumn(connection, "CALL db.propertyKeys()");
  for (const field of ["text", "aliases", "description", "types"] as const) {
    const name = mapping[field];
    if (name === undefined || known.includes(name)) continue;
    progress.note(
      `${connection.name}: no node has a property "${name}", which graph.entities.${field} names. ${suggestion(name, known) ?? ""}`.trim(),
    );
  }
}

/** Says which name was probably meant, among those that the database has. */
function meant(name: string, names: readonly string[]): string {
  return suggestion(name, names) ?? (names.length === 0 ? "It has none" : `It has ${names.slice(0, 10).join(", ")}`);
}

async function firstColumn(connection: Neo4jConnection, query: string): Promise<readonly string[]> {
  const { rows } = await connection.read(query, {}, "reading the names of the database");
  return rows.map(([name]) => String(name)).sort();
}

async function nothingFound(
  connection: Neo4jConnection,
  labels: readonly string[],
  { where }: EntityMapping,
): Promise<InputError> {
  const known = await firstColumn(connection, "CALL db.labels()");
  const missing = labels.filter((label) => !known.includes(label));
  const named = labels.map((label) => `"${label}"`).join(" or ");
  const filtered = where !== undefined && missing.length < labels.length;
  return new InputError({
    code: "kg.neo4j.empty",
    at: connection.name,
    problem: filtered ? `no node with label ${named} meets graph.entities.where` : `no node has the label ${named}`,
    fix: filtered ? "Check the condition" : missing[0] && meant(missing[0], known),
  });
}

async function assertIndex(connection: Neo4jConnection, label: string, property: string): Promise<void> {
  const { rows } = await connection.read(
    "SHOW INDEXES YIELD type, entityType, labelsOrTypes, properties, state WHERE entityType = 'NODE' AND type = 'RANGE' AND labelsOrTypes = [$label] AND properties = [$property] RETURN state",
    { label, property },
    "reading the indexes",
  );
  if (rows.some(([state]) => state === "ONLINE")) return;
  const building = rows.length > 0;
  throw new InputError({
    code: "kg.neo4j.index",
    at: connection.name,
    problem: building
      ? `the index on "${property}" of label "${label}" is ${String(rows[0]?.[0]).toLowerCase()}`
      : `no index on "${property}" of label "${label}", without which every page would read all nodes`,
    fix: building
      ? "Wait until it is there: CALL db.awaitIndexes()"
      : `Create it: CREATE CONSTRAINT FOR (n:${escapeName(label)}) REQUIRE n.${escapeName(property)} IS UNIQUE`,
  });
}

async function badId(
  connection: Neo4jConnection,
  options: Neo4jOptions,
  queries: MappingQueries,
  { id }: EntityMapping,
  part: number,
  counts: { readonly nodes: number; readonly strings: number; readonly integers: number; readonly without: number },
): Promise<InputError> {
  const label = queries.labels[part] as string;
  const parameters = cypherValue(options.parameters) as Record<string, unknown>;
  const { rows } = await connection.read(queries.sampleBadId(part), parameters, "graph.entities");
  const [element, value, type, keys] = (rows[0] ?? []) as [string?, unknown?, string?, string[]?];
  const at = element === undefined ? connection.name : `${connection.name} node ${element}`;
  if (counts.without > 0)
    return new InputError({
      code: "kg.neo4j.id",
      at,
      problem: `${counts.without} of ${counts.nodes} nodes with label "${label}" have no id: their "${id}" is missing or empty`,
      fix:
        counts.without === counts.nodes
          ? meant(id, keys ?? [])
          : `Leave them out with graph.entities.where: n.${escapeName(id)} IS NOT NULL`,
    });
  if (element === undefined)
    return new InputError({
      code: "kg.neo4j.id",
      at,
      problem: `"${id}" of label "${label}" is a string in ${counts.strings} nodes and an integer in ${counts.integers}`,
      wanted: "Wanted one type",
    });
  return new InputError({
    code: "kg.neo4j.id",
    at,
    problem: `"${id}", mapped to id, is ${short(value)}, of type ${type}`,
    wanted: "Wanted a string or an integer",
  });
}

async function assertRelationTypes(connection: Neo4jConnection, { relations }: Neo4jOptions): Promise<void> {
  if (relations.types === "*") return;
  const known = await firstColumn(connection, "CALL db.relationshipTypes()");
  const missing = relations.types.find((type) => !known.includes(type));
  if (missing === undefined) return;
  throw new InputError({
    code: "kg.neo4j.relation",
    at: connection.name,
    problem: `no relationship has the type "${missing}", which graph.relations.types names`,
    fix: meant(missing, known),
  });
}
