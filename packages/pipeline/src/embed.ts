import { cp } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Progress, writeFolderAtomic } from "@kgraft/runtime";
import { withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { neo4jOptionsOf } from "./graphs/neo4j-options-of.ts";
import { type VectorWriteBackRequest, type WrittenBack, writeBackVectors } from "./graphs/write-back.ts";
import { STAGE_FILE } from "./stage-store.ts";
import { embedGraph } from "./stages/embed-graph.ts";

/** Where embeddings go, and how their making is watched and stopped. */
export interface EmbedOptions {
  /** Where to copy the embeddings; absent: they stay among the run's stages. */
  readonly output?: string | undefined;
  /** Puts the entity vectors into the config's Neo4j, too. */
  readonly writeBack?: VectorWriteBackRequest | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Where the embeddings are, and what was measured of them. */
export interface EmbedOutcome {
  readonly folder: string;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly writeBack?: WrittenBack;
}

/** Trains, ranks and probes the KG embeddings that a config names. */
export async function embed(
  config: RunConfig,
  { output, writeBack, progress, signal }: EmbedOptions,
): Promise<EmbedOutcome> {
  const options = writeBack && neo4jOptionsOf(config);
  return withSharedWork(config, { progress, signal }, async (shared) => {
    const { stage, metrics, vectors } = await embedGraph(shared, config.seed);
    const folder = output === undefined ? stage.folder : await copied(stage.folder, resolve(output));
    if (writeBack === undefined || options === undefined) return { folder, metrics };
    const work = { options, identity: basename(stage.folder), progress: shared.progress, signal };
    return { folder, metrics, writeBack: await writeBackVectors(vectors, work, writeBack) };
  });
}

async function copied(stage: string, folder: string): Promise<string> {
  await writeFolderAtomic(folder, (temporary) =>
    cp(stage, temporary, { recursive: true, filter: (path) => basename(path) !== STAGE_FILE }),
  );
  return folder;
}
