import { isAbsolute, relative } from "node:path";
import { isRecord } from "@kgraft/runtime";
import { stringify } from "yaml";
import type { ConfigTree } from "./config-tree.ts";

/** What a run may say over a config that is written beside its results. */
export interface WrittenFor {
  /** The folder that the file stands in: paths become relative to it. */
  readonly folder: string;
  readonly arm?: string;
  readonly seed?: number;
}

/**
 * Gives the merged config as YAML, `${NAME}` unexpanded: run again from where it is written, it names the same files.
 *
 * @param files every path that the config states by its dotted place, made absolute
 */
export function writtenConfig(
  tree: ConfigTree,
  files: ReadonlyMap<string, string>,
  { folder, arm, seed }: WrittenFor,
): string {
  const value = structuredClone(tree.value) as Record<string, unknown>;
  for (const [place, file] of files) replaceAt(value, place.split("."), file, folder);
  if (arm !== undefined) value.fusion = { name: arm };
  if (seed !== undefined) value.seed = seed;
  return stringify(value, { lineWidth: 120, version: "1.2" });
}

/** A path with an environment variable in it stays as it is. */
function replaceAt(value: Record<string, unknown>, keys: readonly string[], file: string, folder: string): void {
  let into: unknown = value;
  for (const key of keys.slice(0, -1)) into = (into as Record<string, unknown> | undefined)?.[key];
  const last = keys.at(-1) as string;
  if (!isRecord(into) && !Array.isArray(into)) return;
  const holder = into as Record<string, unknown>;
  const stated = holder[last];
  if (typeof stated === "string" && !stated.includes("${")) holder[last] = seenFrom(folder, file);
}

function seenFrom(folder: string, file: string): string {
  if (file.startsWith("file:")) return `file:${seenFrom(folder, file.slice("file:".length))}`;
  return isAbsolute(file) ? relative(folder, file) || "." : file;
}
