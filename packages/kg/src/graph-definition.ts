import type { Definition, Progress } from "@kgraft/runtime";
import type { Graph } from "./graph.ts";

/** What opening a graph is given. */
export interface GraphResources {
  readonly progress: Progress;
}

/** A graph adapter that a config chooses by name; `create` opens it. */
export type GraphDefinition<Options> = Definition<Options, GraphResources, Promise<Graph>>;
