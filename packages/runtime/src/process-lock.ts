import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { temporaryName } from "./atomic-file.ts";
import { messageOf, RunError } from "./errors.ts";
import { isAlive, ownIdentity, type ProcessIdentity } from "./running.ts";

const POLL_MS = 200;

/** Lets go of a lock. */
export type Release = () => Promise<void>;

/**
 * Takes a lock file for this process unless a living process has it. A dead process's lock is taken at once, and so is one
 * that cannot be read.
 *
 * @param path of the lock file; its folder is made
 * @returns how to let go of it, or who has it
 * @throws RunError `run.folder` where nothing can be written there
 */
export async function tryLock(path: string): Promise<Release | ProcessIdentity> {
  const own = await writeHolder(path);
  try {
    for (;;) {
      if (await linked(own, path)) return () => rm(path, { force: true });
      const other = await readHolder(path);
      if (other !== undefined && (await isAlive(other))) return other;
      await clearAway(path);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** How to wait for a lock. */
export interface Waiting {
  /** Called once, with the process that has the lock, where this one has to wait. */
  onWait?(holder: ProcessIdentity): void;
  /** Called before each look at the lock: what it throws ends the wait. */
  check?(): void;
}

/** Takes a lock file for this process, waiting for a living process that has it; see {@link tryLock}. */
export async function lockInTurn(path: string, { onWait, check }: Waiting = {}): Promise<Release> {
  let told = false;
  for (;;) {
    check?.();
    const attempt = await tryLock(path);
    if (typeof attempt === "function") return attempt;
    if (!told) onWait?.(attempt);
    told = true;
    await wait(POLL_MS);
  }
}

/** Writes who we are under a temporary name: linked to the lock's name, it is there whole or not at all. */
async function writeHolder(path: string): Promise<string> {
  const own = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(own, JSON.stringify(await ownIdentity()));
  } catch (cause) {
    throw new RunError({
      code: "run.folder",
      at: dirname(path),
      problem: `cannot be written: ${messageOf(cause)}`,
      fix: "Choose a folder that you may write to",
      cause,
    });
  }
  return own;
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    return false;
  }
}

/** Moves a dead process's lock away; one that another process put there meanwhile is put back. */
async function clearAway(path: string): Promise<void> {
  const grave = temporaryName(path);
  try {
    await rename(path, grave);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  const moved = await readHolder(grave);
  if (moved !== undefined && (await isAlive(moved))) await linked(grave, path);
  await rm(grave, { force: true });
}

/** A lock that cannot be read counts as nobody's. */
async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
