import { join, resolve } from "node:path";
import type { RunConfig } from "./config/run-config.ts";

/** Where everything of a config's name goes: `runs/<name>`, or `output:`. */
function homeFolder(config: RunConfig): string {
  return config.output ?? resolve("runs", config.name);
}

/** The folder of `kgraft run`. */
export function runFolder(config: RunConfig): string {
  return config.output ?? join(homeFolder(config), `seed-${config.seed}`);
}

/** Finished stages, shared by the runs and comparisons of a name. */
export function stagesFolder(config: RunConfig): string {
  return join(homeFolder(config), "stages");
}

/** Hidden states of encoders that pre-training leaves as they are, shared by the runs and comparisons of a name. */
export function frozenStatesFolder(config: RunConfig): string {
  return join(homeFolder(config), "frozen-states");
}

/** The folder of `kgraft compare`. */
export function comparisonFolder(config: RunConfig): string {
  return join(homeFolder(config), "compare");
}

/** One arm with one seed of a comparison. */
export function cellFolder(config: RunConfig, arm: string, seed: number): string {
  return join(comparisonFolder(config), arm, `seed-${seed}`);
}
