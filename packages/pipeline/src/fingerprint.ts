import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Choice } from "./config/run-config.ts";
import { mapPaths } from "./config/schema-walk.ts";

/** Twelve hexadecimal digits of a SHA-256 over a value's canonical JSON: equal inputs, equal name. */
export function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 12);
}

/** JSON with sorted keys; absent and undefined are the same. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Map) return Object.fromEntries([...item].sort());
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * What a choice is, for fingerprints: its name and options, files and folders named by their content, so that a changed
 * file makes a new stage and a moved checkout does not.
 */
export async function choiceIdentity(choice: Choice): Promise<unknown> {
  const paths = new Set<string>();
  mapPaths(choice.definition.options, choice.options, (path) => {
    paths.add(path);
    return path;
  });
  const digests = new Map<string, string>();
  for (const path of paths) digests.set(path, await contentDigest(path.replace(/^file:/, "")));
  return {
    name: choice.name,
    options: mapPaths(choice.definition.options, choice.options, (path) => digests.get(path) ?? path),
  };
}

/** SHA-256 of a file, or of the names and contents of a folder's files; the text itself where nothing is there. */
export async function contentDigest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return path;
  const hash = createHash("sha256");
  if (found.isDirectory()) {
    for (const name of (await readdir(path)).sort()) hash.update(`${name}\0${await contentDigest(join(path, name))}\0`);
  } else {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}
