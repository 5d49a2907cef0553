import { InputError, type Progress, RunError, silent } from "@kgraft/runtime";
import { Neo4jConnection } from "./connection.ts";
import type { MappingQueries } from "./cypher.ts";
import { escapeName } from "./escape-name.ts";
import type { MappedNodes } from "./mapped-nodes.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";
import { openMapping } from "./open-mapping.ts";
import { batches } from "./write-graph.ts";
import { afterFirst, runLabel, WriteRun } from "./write-run.ts";

/** Entity vectors and where they go. */
export interface VectorWriteBack {
  /** Names the writes, so that they can be resumed and taken out again. */
  readonly runId: string;
  /** Names the vectors: a run that wrote others is refused. Default: their number and dimension. */
  readonly identity?: string;
  /** float32 [E] of every entity, in an order that is the same each time. */
  readonly vectors: AsyncIterable<EntityVector> | Iterable<EntityVector>;
  readonly dimension: number;
  /** How many vectors there are. */
  readonly total: number;
  /** Node property. Default `kgraftVector`. */
  readonly property?: string;
  /** Vector index. Default `kgraft_<property>`, one for each label with its number behind from the second on. */
  readonly index?: string;
  /** Default `cosine`. */
  readonly similarity?: "cosine" | "euclidean";
  /** Default true: says what would be written and writes nothing. */
  readonly dryRun?: boolean;
  readonly progress?: Progress;
}

export interface EntityVector {
  readonly id: string;
  readonly vector: Float32Array;
}

/** What was written, or would be. */
export interface WriteBackReport {
  readonly dryRun: boolean;
  /** Rows of this call; those that an earlier try of the run had written are in `resumedAfter`. */
  readonly rows: number;
  readonly resumedAfter: number;
  /** Rows of this call that name an entity which the database does not have; nothing is written for them. */
  readonly missing: number;
  /** The Cypher that makes indexes and constraints. */
  readonly schema: readonly string[];
}

const together = 1000;

/**
 * Writes entity vectors into a node property and makes a vector index over it, in batches that can be resumed.
 *
 * Only that property is touched; one of that name that no run wrote is a user's own, and is refused.
 *
 * @throws InputError `kg.neo4j.taken`, `kg.neo4j.vector` where a vector is not of the dimension or not finite,
 *   `kg.neo4j.run`; whatever opening throws
 */
export async function writeVectors(options: Neo4jOptions, given: VectorWriteBack): Promise<WriteBackReport> {
  const { property = "kgraftVector", similarity = "cosine", dryRun = true, progress = silent } = given;
  assertDimension(given.dimension);
  const connection = await Neo4jConnection.open(options);
  try {
    const nodes = await openMapping(connection, options, progress);
    await assertFree(connection, nodes, property);
    const index = given.index ?? `kgraft_${property}`;
    const names = nodes.parts.map(({ number }) => (number === 0 ? index : `${index}_${number + 1}`));
    const schema = nodes.parts.map(({ label }, i) =>
      indexCommand(names[i] as string, label, property, given.dimension, similarity),
    );
    if (dryRun) return { dryRun, rows: given.total, resumedAfter: 0, missing: 0, schema };
    const run = await WriteRun.open(connection, given.runId, {
      kind: "vectors",
      names: { labels: nodes.queries.labels, property, indexes: names },
      fingerprint: [`${given.total} vectors of ${given.dimension} dimensions`, given.identity]
        .filter(Boolean)
        .join(", "),
    });
    const resumedAfter = run.done;
    const missing = await writeRows(nodes, run, given, property, progress);
    for (const command of schema) await connection.command(command, {}, "making the vector index");
    await connection.command("CALL db.awaitIndexes(3600)", {}, "waiting for the vector index");
    return { dryRun, rows: run.done - resumedAfter, resumedAfter, missing, schema };
  } finally {
    await connection.close();
  }
}

async function writeRows(
  nodes: MappedNodes,
  run: WriteRun,
  { vectors, dimension, total }: VectorWriteBack,
  property: string,
  progress: Progress,
): Promise<number> {
  const queries = nodes.parts.map(({ number }) => vectorQuery(nodes.queries, number));
  const bar = progress.bar("neo4j vectors", total);
  let missing = 0;
  for await (const batch of batches(afterFirst(vectors, run.done), together)) {
    const rows = batch.map(({ id, vector }) => ({ id: nodes.storedId(id), vector: checked(id, vector, dimension) }));
    missing += await run.write(queries, { ...nodes.parameters, rows, property }, rows.length, "writing vectors");
    bar.update(run.done);
  }
  bar.end();
  if (run.done === total) return missing;
  throw new RunError({
    code: "kg.neo4j.vector",
    at: nodes.connection.name,
    problem: `${run.done} vectors were given, not ${total}`,
    wanted: "Wanted as many as `total` says; those that were given are written",
  });
}

function vectorQuery(queries: MappingQueries, part: number): string {
  return `UNWIND $rows AS row ${queries.nodeById(part, "row.id")}
CALL db.create.setNodeVectorProperty(n, $property, row.vector) RETURN count(*)`;
}

function indexCommand(name: string, label: string, property: string, dimension: number, similarity: string): string {
  return `CREATE VECTOR INDEX ${escapeName(name)} IF NOT EXISTS FOR (n:${escapeName(label)}) ON n.${escapeName(property)}
OPTIONS {indexConfig: {\`vector.dimensions\`: ${dimension}, \`vector.similarity_function\`: '${similarity}'}}`;
}

function checked(id: string, vector: Float32Array, dimension: number): number[] {
  if (vector.length === dimension && vector.every(Number.isFinite)) return [...vector];
  throw new InputError({
    code: "kg.neo4j.vector",
    at: `vector of entity "${id}"`,
    problem: vector.length === dimension ? "holds a number that is not finite" : `has ${vector.length} dimensions`,
    wanted: `Wanted ${dimension} finite numbers`,
  });
}

/** Neo4j's vector indexes take 1 to 4096 dimensions. */
function assertDimension(dimension: number): void {
  if (Number.isInteger(dimension) && dimension >= 1 && dimension <= 4096) return;
  throw new InputError({
    code: "kg.neo4j.vector",
    at: "kg.neo4j.writeVectors",
    problem: `the vectors have ${dimension} dimensions`,
    wanted: "Wanted 1 to 4096, which a vector index of Neo4j takes",
  });
}

/** Refuses to overwrite a property that no run of ours wrote. */
async function assertFree(connection: Neo4jConnection, nodes: MappedNodes, property: string): Promise<void> {
  const names = JSON.stringify(property);
  const ours = await connection.read(
    `MATCH (n:${runLabel} {kind: 'vectors'}) WHERE n.names CONTAINS $names RETURN count(n)`,
    { names: `"property":${names}` },
    "looking for earlier runs",
  );
  if (Number(ours.rows[0]?.[0]) > 0) return;
  for (const { label } of nodes.parts) {
    const { rows } = await connection.read(
      `MATCH (n:${escapeName(label)}) WHERE n.${escapeName(property)} IS NOT NULL RETURN elementId(n) LIMIT 1`,
      {},
      "looking for the property",
    );
    if (rows.length === 0) continue;
    throw new InputError({
      code: "kg.neo4j.taken",
      at: nodes.nodeName(rows[0]?.[0]),
      problem: `already has a property "${property}" that no run of kgraft wrote`,
      fix: "Write the vectors under another name",
    });
  }
}
