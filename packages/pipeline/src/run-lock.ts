import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { InputError, isTemporaryName, type Progress } from "@kgraft/runtime";

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
    fix: "Wait for it, or give another name: or output:",
  });
}

/** Holds a folder for this process, waiting for a living process that holds it. */
export async function lockFolderInTurn(folder: string, progress: Progress): Promise<Release> {
  let noted = false;
  for (;;) {
    const attempt = await tryLock(folder);
    if (typeof attempt === "function") return attempt;
    if (!noted) progress.note(`${folder}: waiting for process ${attempt.pid}, which is making it`);
    noted = true;
    await wait(POLL_MS);
  }
}

/** Removes what dead processes left half-written in a folder. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isTemporaryName(name)) continue;
    const pid = Number(/\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1]);
    if (!isRunning(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function tryLock(folder: string): Promise<Release | Holder> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, ".lock");
  const holder: Holder = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(JSON.stringify(holder));
      await file.close();
      return () => rm(path, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
    const other = await readHolder(path);
    if (other !== undefined && (await isAlive(other))) return other;
    await rm(path, { force: true });
  }
}

/** A lock file that was being written when its process died counts as nobody's. */
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
