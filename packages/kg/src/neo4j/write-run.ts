import { InputError, RunError } from "@kgraft/runtime";
import type { Neo4jConnection, Parameters } from "./connection.ts";

/** Label of the nodes that remember what a run wrote; they are what makes a write-back resumable and removable. */
export const runLabel = "KgraftRun";

/** What a run writes, as its node says it. */
export interface RunRecord {
  readonly kind: "vectors" | "links" | "predictions";
  /** Names of labels, properties, types and indexes that were written, by what they are. */
  readonly names: Readonly<Record<string, string | readonly string[]>>;
  /** Anything that must be the same when the run goes on: a resumed run with other data is refused. */
  readonly fingerprint: string;
}

/** One run's writes: a node per run and kind counts the rows that are done, in the same transaction that writes them. */
export class WriteRun {
  readonly #connection: Neo4jConnection;
  readonly #key: string;
  #done = 0;

  private constructor(connection: Neo4jConnection, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  /** Rows that an earlier try of the same run has written. */
  get done(): number {
    return this.#done;
  }

  /**
   * Opens a run, or goes on with it. Other runs of the kind whose names are the same are marked as superseded.
   *
   * @throws InputError `kg.neo4j.run` where the run was started with other data
   */
  static async open(connection: Neo4jConnection, runId: string, record: RunRecord): Promise<WriteRun> {
    const key = runKey(runId, record.kind);
    const names = JSON.stringify(record.names);
    await connection.command(
      `CREATE CONSTRAINT IF NOT EXISTS FOR (n:${runLabel}) REQUIRE n.key IS UNIQUE`,
      {},
      "making the constraint on runs",
    );
    const opened = await connection.write(
      [
        `MATCH (old:${runLabel} {kind: $kind, names: $names}) WHERE old.key <> $key SET old.supersededBy = $run`,
        `MERGE (n:${runLabel} {key: $key}) ON CREATE SET n.run = $run, n.kind = $kind, n.names = $names,
  n.fingerprint = $fingerprint, n.done = 0, n.startedAt = datetime()
REMOVE n.supersededBy RETURN n.done, n.fingerprint, n.names`,
      ],
      { key, run: runId, kind: record.kind, names, fingerprint: record.fingerprint },
      "opening the run",
    );
    const [done, fingerprint, stored] = opened.flatMap(({ rows }) => rows)[0] as [bigint, string, string];
    if (fingerprint !== record.fingerprint || stored !== names)
      throw new InputError({
        code: "kg.neo4j.run",
        at: connection.name,
        problem: `run "${runId}" has written other ${record.kind} already: ${fingerprint}, not ${record.fingerprint}`,
        fix: `Take another run id, or take its writes out first: kgraft graph clean --run ${runId}`,
      });
    const run = new WriteRun(connection, key);
    run.#done = Number(done);
    return run;
  }

  /**
   * Writes rows and counts them, both or neither.
   *
   * @param queries each returns how many rows it wrote
   * @returns how many rows no query wrote, since the graph has no such entity
   */
  async write(queries: readonly string[], parameters: Parameters, rows: number, doing: string): Promise<number> {
    const count = `MATCH (n:${runLabel} {key: $kgraftKey}) SET n.done = $kgraftDone RETURN n.done`;
    const done = this.#done + rows;
    const results = await this.#connection.write(
      [...queries, count],
      { ...parameters, kgraftKey: this.#key, kgraftDone: BigInt(done) },
      doing,
    );
    if (results.at(-1)?.rows.length !== 1)
      throw new RunError({
        code: "kg.neo4j.run",
        at: this.#connection.name,
        problem: "the run was cleaned away while it was writing",
        fix: "Write it again: it begins anew",
      });
    this.#done = done;
    return rows - results.slice(0, -1).reduce((sum, result) => sum + Number(result.rows[0]?.[0] ?? 0), 0);
  }
}

function runKey(runId: string, kind: RunRecord["kind"]): string {
  return `${kind} ${runId}`;
}

/** Passes over the first items of a stream: what an earlier try has written. */
export async function* afterFirst<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  count: number,
): AsyncGenerator<Item> {
  let position = 0;
  for await (const item of items) if (position++ >= count) yield item;
}
