import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import { messageOf, RunError } from "./errors.ts";

/** The temporary name beside a final path; {@link isTemporaryName} recognises it after a crash. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
}

/** Whether a name was made by {@link temporaryName} and may be removed when its process is gone. */
export function isTemporaryName(path: string): boolean {
  return /\.\d+-[0-9a-f]{8}\.tmp$/.test(path);
}

/**
 * Writes a whole file so that a reader sees the old content or the new, never a part: temporary name, fsync, rename.
 * Parts of an async iterable are written as they come.
 *
 * @throws RunError `runtime.write` naming the file (full disk, read-only folder, …); nothing is left behind
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>,
): Promise<void> {
  await writeAtomically(path, async (temporary) => {
    const file = await open(temporary, "w");
    try {
      for (const part of Array.isArray(data) ? data : [data]) await file.writeFile(part as string | Uint8Array);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Writes lines to a file as they come, under a temporary name until all are there; see {@link writeFileAtomic}. */
export async function writeLinesAtomic(path: string, lines: AsyncIterable<string> | Iterable<string>): Promise<void> {
  await writeAtomically(path, async (temporary) => {
    const file = await open(temporary, "w");
    const stream = file.createWriteStream({ flush: true });
    const done = finished(stream);
    done.catch(() => undefined);
    try {
      for await (const line of lines) {
        if (!stream.write(`${line}\n`)) await Promise.race([once(stream, "drain"), done]);
      }
      stream.end();
      await done;
    } finally {
      stream.destroy();
      await file.close();
    }
  });
}

/**
 * Lets `fill` make a folder under a temporary name and puts it in place of `path`. An older folder of that path is kept
 * until the new one stands there.
 *
 * @throws RunError `runtime.write`; whatever `fill` throws; in both cases the older folder stands as it was
 */
export async function writeFolderAtomic(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  await writeAtomically(
    path,
    async (temporary) => {
      await mkdir(temporary, { recursive: true });
      await fill(temporary);
    },
    replaceFolder,
  );
}

async function replaceFolder(temporary: string, path: string): Promise<void> {
  const older = temporaryName(path);
  const replaced = await rename(path, older).then(
    () => true,
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return false;
      throw cause;
    },
  );
  try {
    await rename(temporary, path);
  } catch (cause) {
    if (replaced) await rename(older, path);
    throw cause;
  }
  await rm(older, { recursive: true, force: true });
}

async function writeAtomically(
  path: string,
  write: (temporary: string) => Promise<void>,
  replace: (temporary: string, path: string) => Promise<void> = rename,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
    await replace(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (!isFileSystemError(cause)) throw cause;
    throw new RunError({
      code: "runtime.write",
      at: path,
      problem: `cannot be written: ${messageOf(cause)}`,
      fix: writeFix(cause.code),
      cause,
    });
  }
}

function isFileSystemError(cause: unknown): cause is NodeJS.ErrnoException & { code: string } {
  return cause instanceof Error && typeof (cause as NodeJS.ErrnoException).syscall === "string";
}

function writeFix(code: string): string | undefined {
  if (code === "ENOSPC") return "Free some space on that disk and run again with --resume";
  if (code === "EACCES" || code === "EROFS" || code === "EPERM") return "Choose a folder that you may write to";
  return undefined;
}

/** Makes a rename durable; a platform whose folders cannot be opened for that has nothing to sync. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
