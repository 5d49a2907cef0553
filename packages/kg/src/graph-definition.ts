import type { Definition, Progress } from "@kgraft/runtime";
import type { Graph } from "./graph.ts";

/** What opening a graph is given. */
export interface GraphResources {
  readonly progress: Progress;
  /** Read again what is kept elsewhere, although there is a copy of it. */
  readonly refresh?: boolean | undefined;
}

/** A graph adapter that a config chooses by name; `create` opens it. */
export interface GraphDefinition<Options> extends Definition<Options, GraphResources, Promise<Graph>> {
  /** Whether the graph is kept in a database, so that its `revision` alone says what it holds, not the options. */
  readonly remote?: boolean;
}
