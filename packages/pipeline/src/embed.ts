import { cp } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Progress, writeFolderAtomic } from "@kgraft/runtime";
import { withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { STAGE_FILE } from "./stage-store.ts";
import { embedGraph } from "./stages/embed-graph.ts";

/** Where embeddings go, and how their making is watched and stopped. */
export interface EmbedOptions {
  /** Where to copy the embeddings; absent: they stay among the run's stages. */
  readonly output?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Where the embeddings are, and what was measured of them. */
export interface EmbedOutcome {
  readonly folder: string;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Trains, ranks and probes the KG embeddings that a config names. */
export async function embed(config: RunConfig, { output, progress, signal }: EmbedOptions): Promise<EmbedOutcome> {
  return withSharedWork(config, { progress, signal }, async (shared) => {
    const { stage, metrics } = await embedGraph(shared, config.seed);
    if (output === undefined) return { folder: stage.folder, metrics };
    const folder = resolve(output);
    await writeFolderAtomic(folder, (temporary) =>
      cp(stage.folder, temporary, { recursive: true, filter: (path) => basename(path) !== STAGE_FILE }),
    );
    return { folder, metrics };
  });
}
