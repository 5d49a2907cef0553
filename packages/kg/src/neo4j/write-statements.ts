import { InputError, type Progress, silent } from "@kgraft/runtime";
import { Neo4jConnection } from "./connection.ts";
import { escapeName } from "./escape-name.ts";
import type { MappedNodes } from "./mapped-nodes.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";
import { openMapping } from "./open-mapping.ts";
import { batches } from "./write-graph.ts";
import { afterFirst, type RunRecord, WriteRun } from "./write-run.ts";
import type { WriteBackReport } from "./write-vectors.ts";

interface WriteBack {
  /** Names the writes, so that they can be resumed and taken out again. */
  readonly runId: string;
  /** Names what is written: a run that wrote something else is refused. */
  readonly identity?: string;
  /** Default true: says what would be written and writes nothing. */
  readonly dryRun?: boolean;
  readonly progress?: Progress;
}

/** A mention of an entity in a document. */
export interface DocumentLink {
  /** Id of the document. */
  readonly document: string;
  /** Id of the entity. */
  readonly entity: string;
  /** Half-open, in the units of the file that was linked. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Links and where they go. */
export interface LinkWriteBack extends WriteBack {
  /** In an order that is the same each time. */
  readonly links: AsyncIterable<DocumentLink> | Iterable<DocumentLink>;
  /** Label of the document nodes, whose property `id` is the document's id. Default `KgraftDocument`. */
  readonly documentLabel?: string;
  /** Type of the relationships from document to entity. Default `MENTIONS`. */
  readonly relationship?: string;
}

/** A triple that a model holds for true. */
export interface PredictedTriple {
  readonly head: string;
  readonly relation: string;
  readonly tail: string;
  readonly score: number;
}

/** Predicted triples and where they go. */
export interface PredictionWriteBack extends WriteBack {
  /** In an order that is the same each time. */
  readonly triples: AsyncIterable<PredictedTriple> | Iterable<PredictedTriple>;
  /** What predicted them. */
  readonly model: string;
  /** Label of the nodes that state them. Default `KgraftPrediction`. */
  readonly label?: string;
}

const together = 2000;

/**
 * Writes links as relationships between a document node and entities, with `score`, `start`, `end` and the run. Document
 * nodes that are not there are made; those that are keep what they have.
 *
 * @throws InputError `kg.neo4j.taken` where the document label is an entity's; whatever opening throws
 */
export async function writeLinks(options: Neo4jOptions, given: LinkWriteBack): Promise<WriteBackReport> {
  const { documentLabel = "KgraftDocument", relationship = "MENTIONS" } = given;
  const document = escapeName(documentLabel);
  return writeStatements(options, given, {
    label: documentLabel,
    record: {
      kind: "links",
      names: { label: documentLabel, relationship },
      fingerprint: ["links", given.identity].filter(Boolean).join(" "),
    },
    rows: given.links,
    schema: `CREATE CONSTRAINT IF NOT EXISTS FOR (n:${document}) REQUIRE n.id IS UNIQUE`,
    queries: ({ queries }, part) => [
      `UNWIND $rows AS row ${queries.nodeById(part, "row.entity")}
MERGE (d:${document} {id: row.document}) ON CREATE SET d.kgraftRun = $run
MERGE (d)-[m:${escapeName(relationship)} {kgraftRun: $run, start: row.start, end: row.end}]->(n) SET m.score = row.score RETURN count(*)`,
    ],
    row: (nodes, { document, entity, start, end, score }: DocumentLink) => ({
      document,
      entity: nodes.storedId(entity),
      start: BigInt(start),
      end: BigInt(end),
      score,
    }),
  });
}

/**
 * Writes predicted triples as nodes under a label of their own, with relation, score, model and run, from which `HEAD` and
 * `TAIL` lead to the entities. They are no relationships between entities, so nobody reads them as known triples.
 */
export async function writePredictions(options: Neo4jOptions, given: PredictionWriteBack): Promise<WriteBackReport> {
  const { label = "KgraftPrediction", model } = given;
  const prediction = escapeName(label);
  return writeStatements(options, given, {
    label,
    record: {
      kind: "predictions",
      names: { label },
      fingerprint: [`predictions of ${model}`, given.identity].filter(Boolean).join(", "),
    },
    rows: given.triples,
    schema: `CREATE CONSTRAINT IF NOT EXISTS FOR (n:${prediction}) REQUIRE n.kgraftKey IS UNIQUE`,
    queries: ({ queries, parts }, part) =>
      parts.map(
        ({ number }) => `UNWIND $rows AS row ${queries.nodeById(part, "row.head")}
WITH row, n AS h ${queries.nodeById(number, "row.tail")}
MERGE (p:${prediction} {kgraftKey: row.key})
  SET p.kgraftRun = $run, p.model = $model, p.relation = row.relation, p.score = row.score
MERGE (p)-[:HEAD]->(h) MERGE (p)-[:TAIL]->(n) RETURN count(*)`,
      ),
    parameters: { model },
    row: (nodes, { head, relation, tail, score }: PredictedTriple) => ({
      key: JSON.stringify([given.runId, head, relation, tail]),
      head: nodes.storedId(head),
      tail: nodes.storedId(tail),
      relation,
      score,
    }),
  });
}

interface Plan<Row> {
  readonly label: string;
  readonly record: RunRecord;
  readonly rows: AsyncIterable<Row> | Iterable<Row>;
  readonly schema: string;
  readonly queries: (nodes: MappedNodes, part: number) => readonly string[];
  readonly row: (nodes: MappedNodes, row: Row) => object;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

async function writeStatements<Row>(
  options: Neo4jOptions,
  { runId, dryRun = true, progress = silent }: WriteBack,
  plan: Plan<Row>,
): Promise<WriteBackReport> {
  const connection = await Neo4jConnection.open(options);
  try {
    const nodes = await openMapping(connection, options, progress);
    assertOwnLabel(nodes, plan.label);
    if (dryRun) return { dryRun, rows: await countRows(plan.rows), resumedAfter: 0, missing: 0, schema: [plan.schema] };
    await connection.command(plan.schema, {}, "making the constraint");
    const run = await WriteRun.open(connection, runId, plan.record);
    const resumedAfter = run.done;
    const queries = nodes.parts.flatMap(({ number }) => plan.queries(nodes, number));
    const bar = progress.bar(`neo4j ${plan.record.kind}`, 0);
    let missing = 0;
    for await (const batch of batches(afterFirst(plan.rows, run.done), together)) {
      const rows = batch.map((row) => plan.row(nodes, row));
      const parameters = { ...nodes.parameters, ...plan.parameters, rows, run: runId };
      missing += await run.write(queries, parameters, rows.length, `writing ${plan.record.kind}`);
      bar.update(run.done);
    }
    bar.end();
    return { dryRun, rows: run.done - resumedAfter, resumedAfter, missing, schema: [plan.schema] };
  } finally {
    await connection.close();
  }
}

/** What a run writes must never count as an entity. */
function assertOwnLabel({ queries, connection }: MappedNodes, label: string): void {
  if (!queries.labels.includes(label)) return;
  throw new InputError({
    code: "kg.neo4j.taken",
    at: connection.name,
    problem: `label "${label}" is that of the graph's entities`,
    wanted: "Wanted a label of its own for what is written back",
  });
}

async function countRows(rows: AsyncIterable<unknown> | Iterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of rows) count++;
  return count;
}
