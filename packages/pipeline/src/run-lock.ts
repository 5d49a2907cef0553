import { hostname } from "node:os";
import { join } from "node:path";
import { InputError, lockInTurn, type Progress, type Release, tryLock } from "@kgraft/runtime";
import { assertGoing } from "./stopped.ts";

const LOCK = ".lock";

/**
 * Holds a folder for this process; a dead process's lock is taken at once.
 *
 * @throws InputError `run.locked` where a living process holds it
 */
export async function lockFolder(folder: string): Promise<Release> {
  const attempt = await tryLock(join(folder, LOCK));
  if (typeof attempt === "function") return attempt;
  throw new InputError({
    code: "run.locked",
    at: folder,
    problem: `process ${attempt.pid} on ${attempt.host} is working in this folder`,
    fix:
      attempt.host === hostname()
        ? "Wait for it, or give another name: or output:"
        : `Wait for it, or give another name: or output:. If it is gone, remove ${join(folder, LOCK)}`,
  });
}

/**
 * Holds a folder for this process, waiting for a living process that holds it.
 *
 * @throws RunError `run.stopped` where the signal comes while it waits
 */
export function lockFolderInTurn(folder: string, progress: Progress, signal?: AbortSignal): Promise<Release> {
  return lockInTurn(join(folder, LOCK), {
    check: () => assertGoing(signal),
    onWait: ({ pid }) => progress.note(`${folder}: waiting for process ${pid}, which is making it`),
  });
}
