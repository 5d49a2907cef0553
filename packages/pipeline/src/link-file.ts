import type { Progress } from "@kgraft/runtime";
import { readExamples } from "@kgraft/text";
import { composeSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { stagesFolder } from "./run-folders.ts";
import { type LinkCounts, writeLinked } from "./stages/link-text.ts";

export interface LinkFileOptions {
  /** JSON Lines of `{id, text}`. */
  readonly input: string;
  /** The same lines with mentions. */
  readonly output: string;
  readonly offsets: "codePoints" | "utf16";
  readonly progress: Progress;
}

/** Links a JSON Lines file against the graph that a config names, streamed; every line is written. */
export async function linkFile(
  config: RunConfig,
  { input, output, offsets, progress }: LinkFileOptions,
): Promise<LinkCounts> {
  const shared = composeSharedWork(config, stagesFolder(config), progress);
  try {
    return await writeLinked(output, readExamples(input, { offsets }), await shared.linker(), progress);
  } finally {
    await shared.close();
  }
}
