import type { Linker } from "@kgraft/entity-linking";
import type { Graph } from "@kgraft/kg";
import type { Definition, Progress } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";

/** What a corpus is read with. */
export interface CorpusNeeds {
  /** Opens the config's graph; a corpus that is not made from it does not ask. */
  graph(): Promise<Graph>;
  /** Makes the config's linker; a corpus that looks for no mentions does not ask. */
  linker(): Promise<Linker>;
  /** Texts that training must not read: those of the task's validation and test parts. */
  readonly leaveOut: readonly { readonly text: string }[];
  readonly progress: Progress;
}

/** Text for pre-training that a config chooses by name; examples may bring their own mentions. */
export interface CorpusDefinition<Options = unknown>
  extends Definition<Options, CorpusNeeds, AsyncIterable<TextExample>> {
  /** What its examples are: only strategies that accept these can be trained on it. */
  readonly examples: "text" | "triple";
}
