import type { Linker, LinkerDefinition } from "@kgraft/entity-linking";
import type { Graph } from "@kgraft/kg";
import type { Progress } from "@kgraft/runtime";
import { required } from "../composition.ts";
import type { RunConfig } from "../config/run-config.ts";

/** Makes the linker that a config names, over its graph. */
export async function makeLinker(config: RunConfig, graph: Graph, progress: Progress): Promise<Linker> {
  const { definition, options } = required(config, "linker");
  return (definition as LinkerDefinition).create(options, { graph, progress });
}
