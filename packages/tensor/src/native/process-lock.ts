import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryName } from "@kgraft/runtime";

/** How long to wait before looking at a held lock again. */
const POLL_MS = 200;

/**
 * Runs `work` while this process alone holds the lock file; others wait. The lock of a dead process is taken at once.
 *
 * @param onWait called once, with the process id that holds the lock, where this process has to wait
 */
export async function withProcessLock<Result>(
  path: string,
  work: () => Promise<Result>,
  onWait: (pid: number) => void = () => undefined,
): Promise<Result> {
  await mkdir(dirname(path), { recursive: true });
  const mine = identity(process.pid);
  let waited = false;
  for (;;) {
    if (await create(path, mine)) break;
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      await removeStale(path, holder);
      continue;
    }
    if (!waited) onWait(Number(holder.split(" ")[0]));
    waited = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Process id and, where the system tells it, start time: an id may be used again after a restart. */
function identity(pid: number): string {
  return `${pid} ${startTime(pid) ?? ""}`.trim();
}

function startTime(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined; // no such process, or no /proc
  }
}

function isAlive(holder: string): boolean {
  const pid = Number(holder.split(" ")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return identity(pid) === holder;
}

/** The file appears with its content in one step, so that nobody reads an empty lock. */
async function create(path: string, content: string): Promise<boolean> {
  const ready = temporaryName(path);
  await writeFile(ready, content);
  try {
    await link(ready, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  } finally {
    await rm(ready, { force: true });
  }
}

async function readHolder(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}

/** Moves the stale lock away first: of two that find it, one takes the next lock and none removes a live one. */
async function removeStale(path: string, holder: string): Promise<void> {
  const aside = temporaryName(path);
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  const moved = await readFile(aside, "utf8");
  if (moved !== holder && isAlive(moved)) await rename(aside, path);
  else await rm(aside, { force: true });
}
