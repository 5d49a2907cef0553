import type { Graph } from "@kgraft/kg";
import type { Definition, Progress } from "@kgraft/runtime";
import type { Linker } from "./linker.ts";
import type { Lemmatizer } from "./token-table.ts";

/** What a linker is made from. */
export interface LinkerResources {
  readonly graph: Graph;
  /** Loads base forms of words, asked only by a linker that lemmatises. Default: WordNet's. */
  readonly lemmatizer?: (() => Promise<Lemmatizer>) | undefined;
  readonly progress: Progress;
}

/** A linker that a config chooses by name; `create` builds its index from the graph. */
export type LinkerDefinition<Options = unknown> = Definition<Options, LinkerResources, Promise<Linker>>;
