import { type GraphStats, graphStats } from "@kgraft/kg";
import type { Progress } from "@kgraft/runtime";
import { withSharedWork } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";
import { watchedGraph } from "./watched-graph.ts";

/** How work on a graph is watched and stopped. */
export interface GraphWork {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** A graph in numbers, with where it was read from. */
export interface DescribedGraph extends GraphStats {
  readonly source: string;
}

/** Describes the graph that a config names in numbers. */
export async function describeGraph(config: RunConfig, work: GraphWork): Promise<DescribedGraph> {
  return withSharedWork(config, work, async ({ graph, progress, signal }) => {
    const opened = await graph();
    const stats = await graphStats(watchedGraph(opened, progress, signal));
    return { source: opened.source, ...stats };
  });
}
