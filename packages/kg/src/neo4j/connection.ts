import { InputError } from "@kgraft/runtime";
import type { Driver, ManagedTransaction, Session } from "neo4j-driver";
import { type DriverModule, loadDriver } from "./driver.ts";
import { explain, serverName } from "./neo4j-errors.ts";
import type { Neo4jConnectionOptions } from "./neo4j-options.ts";

/** Values by parameter name. */
export type Parameters = Readonly<Record<string, unknown>>;

/** A row's values, in the order of the query's columns. Integers are `bigint`. */
export type Row = readonly unknown[];

/** What a query gave. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** The oldest server that this adapter reads: vector indexes by Cypher and `IS ::` came with it. */
const oldest = [5, 15] as const;

/**
 * A pool of connections to one database. Queries run in managed transactions: what fails for a passing reason (a lost
 * connection, a restarted server, a deadlock) is tried again, with growing pauses, for `retrySeconds`.
 */
export class Neo4jConnection {
  readonly name: string;
  /** `5.26.0` */
  readonly serverVersion: string;
  readonly #neo4j: DriverModule;
  readonly #driver: Driver;
  readonly #options: Neo4jConnectionOptions;

  private constructor(neo4j: DriverModule, driver: Driver, options: Neo4jConnectionOptions, serverVersion: string) {
    this.#neo4j = neo4j;
    this.#driver = driver;
    this.#options = options;
    this.serverVersion = serverVersion;
    this.name = serverName(options);
  }

  /**
   * Connects, and makes sure that server, user and database are there before anything is asked.
   *
   * @throws InputError `kg.neo4j.url`, `kg.neo4j.password`, `kg.neo4j.database`, `kg.neo4j.version`, `kg.neo4j.protocol`;
   *   RunError `kg.neo4j.unreachable`
   */
  static async open(options: Neo4jConnectionOptions): Promise<Neo4jConnection> {
    const neo4j = await loadDriver();
    const driver = makeDriver(neo4j, options);
    try {
      const { agent = "" } = await driver.getServerInfo({ database: options.database });
      const connection = new Neo4jConnection(neo4j, driver, options, supportedVersion(agent, serverName(options)));
      await connection.read("RETURN 1", {}, "reaching the database");
      return connection;
    } catch (cause) {
      await driver.close();
      throw explain(cause, options, "connecting");
    }
  }

  /** Reads all rows of a query, from a reader of a cluster. `doing` says what failed, in errors. */
  async read(query: string, parameters: Parameters, doing: string): Promise<Rows> {
    return this.#inSession("READ", doing, (session) => session.executeRead((work) => run(work, query, parameters)));
  }

  /**
   * Runs queries in one transaction, which is repeated after a break: they must come to the same when they run twice.
   *
   * @returns the rows of each
   */
  async write(queries: readonly string[], parameters: Parameters, doing: string): Promise<readonly Rows[]> {
    return this.#inSession("WRITE", doing, (session) =>
      session.executeWrite(async (work) => {
        const results: Rows[] = [];
        for (const query of queries) results.push(await run(work, query, parameters));
        return results;
      }),
    );
  }

  /** Runs a command on the schema or one with transactions of its own, which no managed transaction may hold. */
  async command(query: string, parameters: Parameters, doing: string): Promise<Rows> {
    return this.#inSession("WRITE", doing, async (session) => run(session, query, parameters));
  }

  /**
   * Streams the rows of a query that cannot be read in pages. After a break it is asked again and the rows that were
   * given are passed over, which is right for a query whose order is the same each time.
   */
  async *stream(
    query: string,
    parameters: Parameters,
    doing: string,
  ): AsyncGenerator<Readonly<Record<string, unknown>>> {
    let given = 0;
    for (let lostAt = -1; ; ) {
      const session = this.#session("READ");
      try {
        let position = 0;
        for await (const record of session.run(query, { ...parameters })) {
          if (position++ < given) continue;
          given++;
          yield record.toObject();
        }
        return;
      } catch (cause) {
        if (!this.#neo4j.isRetryableError(cause as Error) || lostAt === given)
          throw explain(cause, this.#options, doing);
        lostAt = given;
        await this.read("RETURN 1", {}, doing);
      } finally {
        await session.close();
      }
    }
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  #session(mode: "READ" | "WRITE"): Session {
    return this.#driver.session({ database: this.#options.database, defaultAccessMode: mode });
  }

  async #inSession<Result>(
    mode: "READ" | "WRITE",
    doing: string,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const session = this.#session(mode);
    try {
      return await work(session);
    } catch (cause) {
      throw explain(cause, this.#options, doing);
    } finally {
      await session.close();
    }
  }
}

async function run(work: ManagedTransaction | Session, query: string, parameters: Parameters): Promise<Rows> {
  const { records } = await work.run(query, { ...parameters });
  const columns = (records[0]?.keys ?? []) as readonly string[];
  return { columns, rows: records.map((record) => columns.map((_, i) => record.get(i) as unknown)) };
}

function makeDriver(neo4j: DriverModule, options: Neo4jConnectionOptions): Driver {
  const { url, user, password, retrySeconds } = options;
  const wrong = (problem: string, fix?: string) =>
    new InputError({
      code: "kg.neo4j.url",
      at: "config.graph.url",
      problem,
      wanted: "Wanted neo4j://HOST:PORT, bolt://HOST:PORT, or either with +s or +ssc for TLS",
      fix,
    });
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.username || parsed?.password || /\/\/[^/]*@/.test(url))
    throw wrong("holds a user or a password", "Give them as graph.user and graph.password");
  if (parsed === undefined || !/^(neo4j|bolt)(\+s|\+ssc)?:$/.test(parsed.protocol) || parsed.hostname === "")
    throw wrong(`is "${url}"`);
  const auth = password === undefined ? undefined : neo4j.auth.basic(user, password);
  return neo4j.driver(url, auth, {
    useBigInt: true,
    fetchSize: 10_000,
    maxTransactionRetryTime: retrySeconds * 1000,
    connectionTimeout: 15_000,
    connectionAcquisitionTimeout: Math.max(60, retrySeconds) * 1000,
    telemetryDisabled: true,
    userAgent: "kgraft",
  });
}

/**
 * Takes the version from a server's name for itself (`Neo4j/5.26.0`).
 *
 * @throws InputError `kg.neo4j.version` below 5.15, or where it is no Neo4j
 */
export function supportedVersion(agent: string, at: string): string {
  const version = /^Neo4j\/(\d+)\.(\d+)\S*/.exec(agent);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return agent.slice("Neo4j/".length);
  throw new InputError({
    code: "kg.neo4j.version",
    at,
    problem: version === null ? `the server calls itself "${agent}"` : `the server is ${agent.replace("/", " ")}`,
    wanted: `Wanted Neo4j ${oldest.join(".")} or later`,
    fix: "Update the server, or export the graph into files and read those",
  });
}
