import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isTemporaryName, lockInTurn, type Progress, writeFolderAtomic } from "@kgraft/runtime";

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
  const release = await lockInTurn(`${folder}.lock`, {
    onWait: ({ pid, host }) =>
      progress.note(
        `Process ${pid} on ${host} is making ${folder}; waiting for it. If it is gone, remove ${folder}.lock`,
      ),
  });
  try {
    if (isThere()) return false;
    await removeRemains(folder);
    await writeFolderAtomic(folder, fill);
    return true;
  } finally {
    await release();
  }
}

async function removeRemains(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  for (const name of await readdir(dirname(folder)))
    if (name.startsWith(`${basename(folder)}.`) && isTemporaryName(name))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
}
