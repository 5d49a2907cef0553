import { existsSync, type Stats, utimesSync } from "node:fs";
import { readdir, readlink, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isTemporaryName } from "@kgraft/runtime";
import { cacheFolder } from "./cache-folder.ts";
import { BINDING_PACKAGE, libraryKey, nativeKey } from "./recipe.ts";

const KINDS = ["cpu", "cuda"] as const;

/** Notes that a build is in use now: what was used last is kept. */
export function markUsed(folder: string): void {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
  } catch {
    // A cache that may only be read: whoever fills it also clears it.
  }
}

/**
 * Removes builds of other versions of kgraft or Node from the cache, but for the one used last, and libraries that none of
 * the remaining builds is linked to.
 *
 * @returns the folders removed
 */
export async function removeOldBuilds(): Promise<readonly string[]> {
  const place = cacheFolder("native");
  const names = (existsSync(place) ? await readdir(place) : []).filter((name) => !isTemporaryName(name));
  const current = new Set(KINDS.flatMap((kind) => [nativeKey(kind), libraryKey(kind)]));
  const builds = await byLastUse(
    place,
    names.filter((name) => name.startsWith("binding-")),
  );
  const old = builds.filter((name) => !current.has(name)).slice(1);
  const linked = await Promise.all(builds.filter((name) => !old.includes(name)).map((name) => libraryOf(place, name)));
  const libraries = await byLastUse(
    place,
    names.filter((name) => name.startsWith("tensorflow-")),
  );
  const unlinked = libraries.filter((name) => !current.has(name) && !linked.includes(name));
  const removed = [...old, ...unlinked].map((name) => join(place, name));
  for (const folder of removed) await rm(folder, { recursive: true, force: true });
  return removed;
}

/** Folders alone (locks are files), the last used first. */
async function byLastUse(place: string, names: readonly string[]): Promise<string[]> {
  const found: [string, Stats][] = [];
  for (const name of names) found.push([name, await stat(join(place, name))]);
  const folders = found.filter(([, stats]) => stats.isDirectory());
  return folders.sort(([, a], [, b]) => b.mtimeMs - a.mtimeMs).map(([name]) => name);
}

/** The name of the library's folder that a build is linked to. */
async function libraryOf(place: string, build: string): Promise<string | undefined> {
  const target = await readlink(join(place, build, "node_modules", BINDING_PACKAGE, "deps")).catch(() => undefined);
  return target && basename(target);
}
