import type { Progress } from "@kgraft/runtime";
import { readExamples } from "@kgraft/text";
import { withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { contentDigest } from "./fingerprint.ts";
import { neo4jOptionsOf } from "./graphs/neo4j-options-of.ts";
import { type LinkWriteBackRequest, type WrittenBack, writeBackLinks } from "./graphs/write-back.ts";
import { type LinkCounts, writeLinked } from "./stages/link-text.ts";

/** What {@link linkFile} reads and writes. */
export interface LinkFileOptions {
  /** JSON Lines of `{id, text}`. */
  readonly input: string;
  /** The same lines with mentions. */
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
  /** Puts the links into the config's Neo4j, too. */
  readonly writeBack?: LinkWriteBackRequest | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What was linked. */
export interface LinkOutcome extends LinkCounts {
  readonly writeBack?: WrittenBack;
}

/** Links a JSON Lines file against the graph that a config names, streamed; every line is written. */
export async function linkFile(
  config: RunConfig,
  { input, output, offsets, writeBack, progress, signal }: LinkFileOptions,
): Promise<LinkOutcome> {
  const options = writeBack && neo4jOptionsOf(config);
  return withSharedWork(config, { progress, signal }, async (shared) => {
    const linker = await shared.linker();
    const counts = await writeLinked(output, readExamples(input, { offsets }), { shared, linker, label: "Linking" });
    if (writeBack === undefined || options === undefined) return counts;
    const identity = `link-${(await contentDigest(output)).slice(0, 12)}`;
    const work = { options, identity, progress: shared.progress, signal };
    return { ...counts, writeBack: await writeBackLinks(output, work, writeBack) };
  });
}
