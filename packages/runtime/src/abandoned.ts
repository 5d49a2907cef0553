import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isTemporaryName } from "./atomic-file.ts";
import { isRunning } from "./running.ts";

/** Removes what dead processes left half-written anywhere in a folder. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!isTemporaryName(entry.name)) {
      if (entry.isDirectory()) await removeAbandoned(path);
      continue;
    }
    const pid = Number(/\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(entry.name)?.[1]);
    if (!isRunning(pid)) await rm(path, { recursive: true, force: true });
  }
}
