import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { InputError, isTemporaryName, messageOf, type Progress, RunError, temporaryName } from "@kgraft/runtime";
import { assertGoing } from "./stopped.ts";

const LOCK = ".lock";
const POLL_MS = 500;

/** Who holds a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one of the same number; empty where the system does not say. */
  readonly started: string;
}

/** Lets go of a folder. */
export type Release = () => Promise<void>;

/**
 * Holds a folder for this process; a dead process's lock is taken at once.
 *
 * @throws InputError `run.locked` where a living process holds it
 */
export async function lockFolder(folder: string): Promise<Release> {
  const attempt = await tryLock(folder);
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
export async function lockFolderInTurn(folder: string, progress: Progress, signal?: AbortSignal): Promise<Release> {
  let noted = false;
  for (;;) {
    assertGoing(signal);
    const attempt = await tryLock(folder);
    if (typeof attempt === "function") return attempt;
    if (!noted) progress.note(`${folder}: waiting for process ${attempt.pid}, which is making it`);
    noted = true;
    await wait(POLL_MS);
  }
}

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

async function tryLock(folder: string): Promise<Release | Holder> {
  const path = join(folder, LOCK);
  const own = await writeHolder(folder, path);
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

/** Writes who we are under a temporary name: linked to the lock's name, it is there whole or not at all. */
async function writeHolder(folder: string, path: string): Promise<string> {
  const own = temporaryName(path);
  const holder: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(own, JSON.stringify(holder));
  } catch (cause) {
    throw new RunError({
      code: "run.folder",
      at: folder,
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
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, host, started }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  if (!isRunning(pid)) return false;
  return started === "" || started === (await startOf(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Start time of a process in the kernel's ticks, on Linux. */
async function startOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
