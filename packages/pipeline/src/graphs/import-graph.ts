import { type Graph, labelsPath, writeGraph, writeGraphToNeo4j } from "@kgraft/kg";
import { InputError, type Progress, silent } from "@kgraft/runtime";
import { required, withSharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import { discreet, hidingSecrets } from "../config/secrets.ts";
import type { GraphWork } from "./describe-graph.ts";
import { isNeo4j, neo4jOptionsOf } from "./neo4j-options-of.ts";
import { watchedGraph } from "./watched-graph.ts";

/** What went from one graph into another. A triple that occurs twice is one relationship of Neo4j. */
export interface ImportedGraph {
  readonly from: string;
  readonly to: string;
  readonly entities: number;
  readonly triples: number;
}

/** The format of each adapter that files are written for; `rdf` is written as N-Triples. */
const formats: Readonly<Record<string, string>> = {
  folder: "folder",
  tsv: "tsv",
  spo: "spo",
  graphology: "graphology",
  rdf: "nt",
};

/**
 * Reads the graph of one config and writes it where another config reads its own.
 *
 * @throws InputError `graph.import` where nothing can be written for the second config's adapter
 */
export async function importGraph(config: RunConfig, to: RunConfig, work: GraphWork): Promise<ImportedGraph> {
  const write = writerOf(to);
  return withSharedWork(config, work, async ({ graph, progress, signal }) => {
    const opened = await graph();
    const written = await hidingSecrets(to.secrets, () => write(opened, discreet(progress, to.secrets), signal));
    return { from: opened.source, ...written };
  });
}

type Write = (
  graph: Graph,
  progress: Progress,
  signal: AbortSignal | undefined,
) => Promise<Omit<ImportedGraph, "from">>;

function writerOf(to: RunConfig): Write {
  if (isNeo4j(to)) {
    const options = neo4jOptionsOf(to);
    return async (graph, progress, signal) => ({
      to: `neo4j ${options.url}/${options.database}`,
      ...(await writeGraphToNeo4j(watchedGraph(graph, silent, signal), options, progress)),
    });
  }
  const { format, path, labels } = fileTarget(to);
  return async (graph, progress, signal) => {
    await writeGraph(watchedGraph(graph, progress, signal), format, path);
    if (labels !== undefined) progress.note(`labels are in ${labels}: read them with graph.labels`);
    const { entities, triples } = await graph.counts();
    return { to: `${format} ${path}`, entities, triples };
  };
}

function fileTarget(to: RunConfig): { format: string; path: string; labels: string | undefined } {
  const { name, options } = required(to, "graph");
  const { path, labels } = options as { readonly path?: string; readonly labels?: string };
  const wrong = (problem: string, wanted: string, fix?: string): InputError =>
    new InputError({ code: "graph.import", at: `${to.file}: config.graph`, problem, wanted, fix });
  const format = formats[name];
  if (format === undefined || path === undefined)
    throw wrong(`nothing can be written for "${name}"`, `Wanted neo4j, ${Object.keys(formats).join(", ")}`);
  if (format === "nt" && !/\.nt(\.gz)?$/.test(path))
    throw wrong(`"${path}" is not the name of N-Triples`, "Wanted a path that ends in .nt or .nt.gz");
  const side = format === "tsv" ? labelsPath(path) : undefined;
  if (labels !== undefined && labels !== side)
    throw wrong(`labels is "${labels}"`, `Labels are written into "${side}"`, "Name that file under labels");
  return { format, path, labels: labels === undefined ? side : undefined };
}
