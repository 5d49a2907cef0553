import { resolve } from "node:path";
import { type GraphCounts, writeGraph } from "@kgraft/kg";
import { withSharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { GraphWork } from "./describe-graph.ts";
import { watchedGraph } from "./watched-graph.ts";

/** A graph that was written into files. */
export interface ExportedGraph extends GraphCounts {
  readonly source: string;
  readonly format: string;
  readonly output: string;
}

/**
 * Writes the graph that a config names into files, streamed.
 *
 * @throws InputError for a format that there is not, or that cannot hold what the graph has
 */
export async function exportGraph(
  config: RunConfig,
  { format, output, ...work }: GraphWork & { readonly format: string; readonly output: string },
): Promise<ExportedGraph> {
  return withSharedWork(config, work, async ({ graph, progress, signal }) => {
    const opened = await graph();
    const path = resolve(output);
    await writeGraph(watchedGraph(opened, progress, signal), format, path);
    return { source: opened.source, format, output: path, ...(await opened.counts()) };
  });
}
