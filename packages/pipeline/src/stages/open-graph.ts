import { type Graph, type GraphDefinition, inIdOrder } from "@kgraft/kg";
import { InputError, type Progress } from "@kgraft/runtime";
import { required } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";

/**
 * Opens the graph that a config names, in the order of its ids, so that the same graph in files and in a database comes to the
 * same. One that stays in a database is not copied: it is in that order already.
 *
 * @throws InputError `graph.empty` where it has no entity
 */
export async function openGraph(config: RunConfig, progress: Progress): Promise<Graph> {
  const { definition, options } = required(config, "graph");
  const graph = await (definition as GraphDefinition<unknown>).create(options, {
    progress,
    ...(config.refresh && { refresh: true }),
  });
  const { entities } = await graph.counts();
  if (entities > 0) return graph.prefetch === undefined ? inIdOrder(graph) : graph;
  await graph.close();
  throw new InputError({
    code: "graph.empty",
    at: `${config.file}: config.graph`,
    problem: `${graph.source} has no entity`,
    fix: "Check the path, the labels or the filter",
  });
}
