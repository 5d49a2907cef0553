import type { Progress } from "@kgraft/runtime";
import { readExamples } from "@kgraft/text";
import { withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { type LinkCounts, writeLinked } from "./stages/link-text.ts";

/** What {@link linkFile} reads and writes. */
export interface LinkFileOptions {
  /** JSON Lines of `{id, text}`. */
  readonly input: string;
  /** The same lines with mentions. */
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Links a JSON Lines file against the graph that a config names, streamed; every line is written. */
export async function linkFile(
  config: RunConfig,
  { input, output, offsets, progress, signal }: LinkFileOptions,
): Promise<LinkCounts> {
  return withSharedWork(config, { progress, signal }, async (shared) => {
    const linker = await shared.linker();
    return writeLinked(output, readExamples(input, { offsets }), { shared, linker, label: "Linking" });
  });
}
