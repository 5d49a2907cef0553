import { mkdir, open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";

/** Who holds a folder. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one of the same number; empty where the system does not say. */
  readonly started: string;
}

/**
 * Holds a folder for one process; a dead process's lock is taken at once.
 *
 * @returns releases the lock
 * @throws InputError `run.locked` where a living process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
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
    if (other !== undefined && (await isAlive(other))) {
      throw new InputError({
        code: "run.locked",
        at: folder,
        problem: `process ${other.pid} on ${other.host} is working in this folder`,
        fix: "Wait for it, or give another name: or output:",
      });
    }
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
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
  return started === "" || started === (await startOf(pid));
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
