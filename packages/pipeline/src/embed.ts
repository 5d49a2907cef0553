import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { type Progress, writeFolderAtomic } from "@kgraft/runtime";
import { composeSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { stagesFolder } from "./run-folders.ts";
import { embedGraph } from "./stages/embed-graph.ts";

export interface EmbedOptions {
  /** Where to copy the embeddings; absent: they stay among the run's stages. */
  readonly output?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface EmbedOutcome {
  readonly folder: string;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Trains, ranks and probes the KG embeddings that a config names. */
export async function embed(config: RunConfig, { output, progress, signal }: EmbedOptions): Promise<EmbedOutcome> {
  const shared = composeSharedWork(config, stagesFolder(config), progress);
  try {
    const { stage, metrics } = await embedGraph(shared, config.seed, signal);
    if (output === undefined) return { folder: stage.folder, metrics };
    const folder = resolve(output);
    await writeFolderAtomic(folder, (temporary) => cp(stage.folder, temporary, { recursive: true }));
    return { folder, metrics };
  } finally {
    await shared.close();
  }
}
