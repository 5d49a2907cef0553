import { InputError } from "@kgraft/runtime";
import { Neo4jConnection } from "./connection.ts";
import { escapeName } from "./escape-name.ts";
import type { Neo4jConnectionOptions } from "./neo4j-options.ts";
import { type RunRecord, runLabel } from "./write-run.ts";

/** How many of each a run had written and are gone now. */
export interface CleanedRun {
  readonly vectors: number;
  readonly links: number;
  readonly documents: number;
  readonly predictions: number;
}

interface StoredRun {
  readonly kind: RunRecord["kind"];
  readonly names: { label?: string; relationship?: string; labels?: string[]; property?: string; indexes?: string[] };
  readonly superseded: boolean;
}

/**
 * Takes a run's writes out of the database again: vectors with their indexes, links with the document nodes that it made
 * and nothing else leads to or from, predicted triples. Vectors that a later run has overwritten are left to that run.
 * A call that breaks off can be made again.
 *
 * @throws InputError `kg.neo4j.run` where no run of that id has written here
 */
export async function cleanRun(options: Neo4jConnectionOptions, runId: string): Promise<CleanedRun> {
  const connection = await Neo4jConnection.open(options);
  try {
    const cleaned = { vectors: 0, links: 0, documents: 0, predictions: 0 };
    for (const run of await storedRuns(connection, runId)) {
      if (run.kind === "vectors" && !run.superseded) cleaned.vectors += await cleanVectors(connection, run);
      if (run.kind === "links") {
        cleaned.links += await cleanLinks(connection, runId, run);
        cleaned.documents += await cleanNodes(connection, runId, run, "AND NOT (n)--()");
      }
      if (run.kind === "predictions") cleaned.predictions += await cleanNodes(connection, runId, run, "");
      const forget = `MATCH (n:${runLabel} {run: $runId, kind: $kind}) DELETE n`;
      await connection.write([forget], { runId, kind: run.kind }, "forgetting the run");
    }
    return cleaned;
  } finally {
    await connection.close();
  }
}

async function storedRuns(connection: Neo4jConnection, runId: string): Promise<readonly StoredRun[]> {
  const { rows } = await connection.read(
    `MATCH (n:${runLabel}) RETURN n.run, n.kind, n.names, n.supersededBy IS NOT NULL ORDER BY n.kind`,
    {},
    "reading the runs",
  );
  const own = rows.filter(([run]) => run === runId);
  if (own.length > 0)
    return own.map(([, kind, names, superseded]) => ({
      kind: kind as RunRecord["kind"],
      names: JSON.parse(String(names)) as StoredRun["names"],
      superseded: superseded === true,
    }));
  const others = [...new Set(rows.map(([run]) => String(run)))].sort();
  throw new InputError({
    code: "kg.neo4j.run",
    at: connection.name,
    problem: `no run "${runId}" has written here`,
    wanted: others.length === 0 ? "No other has either" : `There are ${others.slice(0, 20).join(", ")}`,
  });
}

async function cleanVectors(connection: Neo4jConnection, { names }: StoredRun): Promise<number> {
  for (const index of names.indexes ?? [])
    await connection.command(`DROP INDEX ${escapeName(index)} IF EXISTS`, {}, "dropping the vector index");
  const property = escapeName(names.property as string);
  let cleaned = 0;
  for (const label of names.labels ?? [])
    cleaned += await inBatches(
      connection,
      `MATCH (n:${escapeName(label)}) WHERE n.${property} IS NOT NULL WITH n LIMIT 10000
REMOVE n.${property} RETURN count(n)`,
      {},
    );
  return cleaned;
}

async function cleanLinks(connection: Neo4jConnection, runId: string, { names }: StoredRun): Promise<number> {
  const label = escapeName(names.label as string);
  const type = escapeName(names.relationship as string);
  const query = `MATCH (:${label})-[m:${type} {kgraftRun: $runId}]->() WITH m LIMIT 10000 DELETE m RETURN count(*)`;
  const cleaned = await inBatches(connection, query, { runId });
  const handOver = `MATCH (n:${label} {kgraftRun: $runId})-[m:${type}]->() WHERE m.kgraftRun IS NOT NULL
WITH n, min(m.kgraftRun) AS other SET n.kgraftRun = other`;
  await connection.write([handOver], { runId }, "handing documents over to the run that still uses them");
  return cleaned;
}

function cleanNodes(connection: Neo4jConnection, runId: string, { names }: StoredRun, more: string): Promise<number> {
  const query = `MATCH (n:${escapeName(names.label as string)}) WHERE n.kgraftRun = $runId ${more}
WITH n LIMIT 10000 DETACH DELETE n RETURN count(*)`;
  return inBatches(connection, query, { runId });
}

/** Repeats a deleting query until it finds nothing more, so that no transaction grows with the graph. */
async function inBatches(
  connection: Neo4jConnection,
  query: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<number> {
  for (let all = 0; ; ) {
    const [found] = await connection.write([query], parameters, "taking the run out");
    const count = Number(found?.rows[0]?.[0] ?? 0);
    if (count === 0) return all;
    all += count;
  }
}
