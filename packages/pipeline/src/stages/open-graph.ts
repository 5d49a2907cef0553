import type { Graph, GraphDefinition } from "@kgraft/kg";
import { InputError, type Progress } from "@kgraft/runtime";
import { required } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";

/** Opens the graph that a config names. @throws InputError `graph.empty` where it has no entity */
export async function openGraph(config: RunConfig, progress: Progress): Promise<Graph> {
  const { definition, options } = required(config, "graph");
  const graph = await (definition as GraphDefinition<unknown>).create(options, { progress });
  const { entities } = await graph.counts();
  if (entities > 0) return graph;
  await graph.close();
  throw new InputError({
    code: "graph.empty",
    at: `${config.file}: config.graph`,
    problem: `${graph.source} has no entity`,
    fix: "Check the path, the labels or the filter",
  });
}
