import type { Graph } from "@kgraft/kg";
import type { Definition, Progress } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";

/** What a data set is made with. */
export interface DatasetNeeds {
  graph(): Promise<Graph>;
  readonly progress: Progress;
}

/** Labelled examples that a config chooses by name under `task.data`. */
export type DatasetDefinition<Options> = Definition<Options, DatasetNeeds, Promise<Splits>>;
