import { existsSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "@kgraft/runtime";
import { buildFolder } from "./build-folder.ts";
import { cacheFolder } from "./cache-folder.ts";
import { dependencyPath, libraryKey, type NativeKind, tensorFlowWheel } from "./recipe.ts";
import { extractFromWheel, fetchWheel } from "./wheel.ts";

/** Where TensorFlow's C library and headers of this kind lie or would lie. */
export function libraryFolder(kind: NativeKind): string {
  return cacheFolder("native", libraryKey(kind));
}

/** Whether they are there. */
export function isLibraryThere(kind: NativeKind): boolean {
  return existsSync(join(libraryFolder(kind), "lib", "libtensorflow.so"));
}

/** Fetches and unpacks them unless they are there. */
export async function ensureLibrary(kind: NativeKind, progress: Progress): Promise<void> {
  if (isLibraryThere(kind)) return;
  await buildFolder(
    libraryFolder(kind),
    () => isLibraryThere(kind),
    (temporary) => unpack(temporary, kind, progress),
    progress,
  );
}

async function unpack(folder: string, kind: NativeKind, progress: Progress): Promise<void> {
  const downloads = join(folder, "download");
  const wheel = await fetchWheel(tensorFlowWheel(kind), downloads, progress);
  const target = (name: string): string | undefined => {
    const path = dependencyPath(name);
    return path === undefined ? undefined : join(folder, path);
  };
  await extractFromWheel(wheel, target, progress);
  await rm(downloads, { recursive: true });
  // The binding's own loader looks for these names.
  await symlink("libtensorflow_cc.so.2", join(folder, "lib", "libtensorflow.so"));
  await symlink("libtensorflow_framework.so.2", join(folder, "lib", "libtensorflow_framework.so"));
}
