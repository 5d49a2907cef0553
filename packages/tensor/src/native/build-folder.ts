import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isTemporaryName, type Progress, writeFolderAtomic } from "@kgraft/runtime";
import { withProcessLock } from "./process-lock.ts";

/**
 * Fills a folder of the cache once: under a temporary name, put in place in one rename, by one process at a time. What
 * a killed one left is removed first.
 *
 * @returns false where another process had filled it meanwhile
 */
export async function buildFolder(
  folder: string,
  isThere: () => boolean,
  fill: (temporary: string) => Promise<void>,
  progress: Progress,
): Promise<boolean> {
  const onWait = (pid: number): void => progress.note(`Process ${pid} is making ${folder}; waiting for it`);
  return withProcessLock(
    `${folder}.lock`,
    async () => {
      if (isThere()) return false;
      await removeRemains(folder);
      await writeFolderAtomic(folder, fill);
      return true;
    },
    onWait,
  );
}

async function removeRemains(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  for (const name of await readdir(dirname(folder)))
    if (name.startsWith(`${basename(folder)}.`) && isTemporaryName(name))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
}
