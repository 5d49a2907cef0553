import { homedir } from "node:os";
import { join } from "node:path";
import { type Progress, readJsonFileIfThere, writeFileAtomic } from "@kgraft/runtime";
import type { CompactGraph } from "../compact/compact-graph.ts";
import { CompactStore } from "../compact/compact-store.ts";
import { writeSnapshot } from "../compact/snapshot-file.ts";
import { TextList } from "../compact/texts.ts";
import type { GraphCounts } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { Neo4jConnection } from "./connection.ts";
import { writeElementIds } from "./element-ids.ts";
import { serverName } from "./neo4j-errors.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";
import { openMapping } from "./open-mapping.ts";
import { readQueries } from "./own-queries.ts";
import { queryKey, querySaid } from "./query-key.ts";
import { SnapshotGraph } from "./snapshot-graph.ts";

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
  /** The file of the nodes' element ids; own queries give none. */
  readonly elements?: string | undefined;
}

/** What was read of a graph, and how. */
interface ReadGraph {
  readonly graph: CompactGraph;
  readonly serverVersion: string;
  readonly passedOver: number;
  /** Element ids in the order of the index. */
  readonly elements?: { readonly ids: TextList; readonly idType: "string" | "integer" } | undefined;
}

/**
 * Opens the snapshot of what the options read. The server is asked only where there is no snapshot yet, or `refresh` says
 * so.
 */
export async function openSnapshot(options: Neo4jOptions, progress: Progress): Promise<SnapshotGraph> {
  const folder = options.snapshots ?? defaultFolder();
  const key = queryKey(options);
  const manifestPath = join(folder, `${key}.json`);
  const found = options.refresh ? undefined : await readManifest(manifestPath);
  if (found !== undefined) {
    progress.note(`${found.server}: snapshot of ${found.readAt}; --refresh reads it again`);
    return SnapshotGraph.open(folder, found);
  }
  const manifest = await writeGraphFiles(await readGraph(options, progress), options, folder, key);
  await writeFileAtomic(manifestPath, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return SnapshotGraph.open(folder, manifest);
}

async function writeGraphFiles(
  { graph, serverVersion, passedOver, elements }: ReadGraph,
  options: Neo4jOptions,
  folder: string,
  key: string,
): Promise<SnapshotManifest> {
  const snapshot = await writeSnapshot(graph, folder);
  const elementsName = elements && `${key}-${snapshot.slice(0, 12)}.elements.gz`;
  if (elements !== undefined && elementsName !== undefined)
    await writeElementIds(join(folder, elementsName), graph, elements.ids.texts(), elements.idType);
  return {
    server: serverName(options),
    serverVersion,
    readAt: new Date().toISOString(),
    query: querySaid(options),
    counts: await graph.counts(),
    passedOver,
    snapshot,
    elements: elementsName,
  };
}

async function readGraph(options: Neo4jOptions, progress: Progress): Promise<ReadGraph> {
  const connection = await Neo4jConnection.open(options);
  try {
    const builder = new GraphBuilder(connection.name, new CompactStore("id"));
    const read =
      options.queries === undefined
        ? await readMapped(builder, connection, options, progress)
        : { passedOver: await readQueries(builder, connection, options, options.queries, progress) };
    return { graph: builder.finish(), serverVersion: connection.serverVersion, ...read };
  } finally {
    await connection.close();
  }
}

async function readMapped(
  builder: GraphBuilder<CompactGraph>,
  connection: Neo4jConnection,
  options: Neo4jOptions,
  progress: Progress,
): Promise<Pick<ReadGraph, "passedOver" | "elements">> {
  const nodes = await openMapping(connection, options, progress);
  const ids = new TextList();
  for await (const page of nodes.entityPages(progress))
    for (const { entity, element } of page) {
      builder.addEntity(entity, connection.name);
      ids.push(element);
    }
  if (options.relations.label !== undefined)
    for (const { id, label } of await nodes.relations()) builder.addRelation({ id, label }, connection.name);
  let passedOver = 0;
  for await (const page of nodes.triplePages(progress))
    for (const { head, relations, tails } of page)
      for (const [i, relation] of relations.entries())
        if (!builder.tryTriple(String(head), relation, String(tails[i]), connection.name)) passedOver++;
  if (passedOver > 0)
    progress.note(
      `${connection.name}: ${passedOver} triples passed over, since one of their ends was written while the graph was read`,
    );
  return { passedOver, elements: { ids, idType: nodes.parts[0]?.idType ?? "string" } };
}

async function readManifest(path: string): Promise<SnapshotManifest | undefined> {
  const words = { code: "kg.snapshot.read", fix: "Remove it: the graph is then read anew" };
  return (await readJsonFileIfThere(path, words)) as SnapshotManifest | undefined;
}

/** Where downloaded and built things are kept, outside every checkout. */
function defaultFolder(): string {
  const { KGRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = KGRAFT_CACHE || (XDG_CACHE_HOME ? join(XDG_CACHE_HOME, "kgraft") : join(homedir(), ".cache", "kgraft"));
  return join(cache, "graphs");
}
