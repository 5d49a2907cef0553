import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf, type Progress, RunError, writeFileAtomic } from "@kgraft/runtime";
import type { CompactGraph } from "../compact/compact-graph.ts";
import { CompactStore } from "../compact/compact-store.ts";
import { readSnapshot, writeSnapshot } from "../compact/snapshot-file.ts";
import type { GraphCounts } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { Neo4jConnection } from "./connection.ts";
import { serverName } from "./neo4j-errors.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";
import { openMapping } from "./open-mapping.ts";
import { readQueries } from "./own-queries.ts";
import { queryKey, querySaid } from "./query-key.ts";

/** What stands beside a snapshot: where it came from. It holds no credentials and no parameter's value. */
export interface SnapshotManifest {
  readonly server: string;
  readonly serverVersion: string;
  readonly readAt: string;
  readonly query: unknown;
  readonly counts: GraphCounts;
  /** Triples that were passed over since one of their ends was written or removed while the graph was read. */
  readonly passedOver: number;
  readonly snapshot: string;
}

/**
 * Opens the snapshot of what the options read. The server is asked only where there is no snapshot yet, or `refresh` says
 * so.
 */
export async function openSnapshot(options: Neo4jOptions, progress: Progress): Promise<CompactGraph> {
  const folder = options.snapshots ?? defaultFolder();
  const manifestPath = join(folder, `${queryKey(options)}.json`);
  const found = options.refresh ? undefined : await readManifest(manifestPath);
  if (found !== undefined) {
    progress.note(`${found.server}: snapshot of ${found.readAt}; graph.refresh: true reads it again`);
    return readSnapshot(join(folder, found.snapshot), sourceName(found));
  }
  const { graph, serverVersion, passedOver } = await readGraph(options, progress);
  const manifest: SnapshotManifest = {
    server: serverName(options),
    serverVersion,
    readAt: new Date().toISOString(),
    query: querySaid(options),
    counts: await graph.counts(),
    passedOver,
    snapshot: await writeSnapshot(graph, folder),
  };
  await writeFileAtomic(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return readSnapshot(join(folder, manifest.snapshot), sourceName(manifest));
}

/** `neo4j bolt://host:7687/movies snapshot 0123456789ab`: a changed graph has another name. */
function sourceName({ server, snapshot }: SnapshotManifest): string {
  return `${server} snapshot ${snapshot.slice(0, 12)}`;
}

async function readGraph(options: Neo4jOptions, progress: Progress) {
  const connection = await Neo4jConnection.open(options);
  try {
    const builder = new GraphBuilder(connection.name, new CompactStore("id"));
    const passedOver =
      options.queries === undefined
        ? await readMapped(builder, connection, options, progress)
        : await readQueries(builder, connection, options, options.queries, progress);
    return { graph: builder.finish(), serverVersion: connection.serverVersion, passedOver };
  } finally {
    await connection.close();
  }
}

async function readMapped(
  builder: GraphBuilder<CompactGraph>,
  connection: Neo4jConnection,
  options: Neo4jOptions,
  progress: Progress,
): Promise<number> {
  const nodes = await openMapping(connection, options, progress);
  for await (const entity of nodes.entities(progress)) builder.addEntity(entity, connection.name);
  if (options.relations.label !== undefined)
    for (const { id, label } of await nodes.relations()) builder.addRelation({ id, label }, connection.name);
  let passedOver = 0;
  for await (const { heads, relations, tails } of nodes.triplePages(progress))
    for (const [i, head] of heads.entries())
      if (!builder.tryTriple(String(head), relations[i] as string, String(tails[i]), connection.name)) passedOver++;
  if (passedOver > 0)
    progress.note(
      `${connection.name}: ${passedOver} triples passed over, since one of their ends was written while the graph was read`,
    );
  return passedOver;
}

async function readManifest(path: string): Promise<SnapshotManifest | undefined> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new RunError({ code: "kg.snapshot.read", at: path, problem: `cannot be read: ${messageOf(cause)}`, cause });
  });
  return text === undefined ? undefined : (JSON.parse(text) as SnapshotManifest);
}

/** Where downloaded and built things are kept, outside every checkout. */
function defaultFolder(): string {
  const { KGRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = KGRAFT_CACHE || (XDG_CACHE_HOME ? join(XDG_CACHE_HOME, "kgraft") : join(homedir(), ".cache", "kgraft"));
  return join(cache, "graphs");
}
