import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { temporaryName } from "./atomic-file.ts";
import { messageOf, RunError } from "./errors.ts";
import { isRecord } from "./json-file.ts";
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
      const found = await readHolder(path);
      if (found.state === "held") return found.by;
      const clearing = found.state === "dead" ? await clearAway(path) : undefined;
      if (clearing !== undefined) return clearing;
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

/**
 * Removes a dead process's lock. One process at a time may do so, by a lock of its own beside it: between the look at the
 * lock and its removal nobody else can have taken its place, since a lock that is there can only be removed here.
 *
 * @returns who is clearing it away already, to have it next
 */
async function clearAway(path: string): Promise<ProcessIdentity | undefined> {
  const release = await tryLock(`${path}.clearing`);
  if (typeof release !== "function") return release;
  try {
    if ((await readHolder(path)).state === "dead") await rm(path, { force: true });
  } finally {
    await release();
  }
  return undefined;
}

type Holder = { state: "free" } | { state: "dead" } | { state: "held"; by: ProcessIdentity };

/** Who has a lock: what is there but is nobody's name (half a file of a full disk) counts as a dead process's. */
async function readHolder(path: string): Promise<Holder> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    return { state: "free" };
  }
  const by = parsed(text);
  return by !== undefined && (await isAlive(by)) ? { state: "held", by } : { state: "dead" };
}

function parsed(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || typeof value.pid !== "number" || typeof value.host !== "string") return undefined;
    return { pid: value.pid, host: value.host, started: String(value.started ?? "") };
  } catch {
    return undefined;
  }
}
