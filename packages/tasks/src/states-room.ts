import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/** States of an earlier run. */
interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly written: number;
}

/**
 * Makes room for new states in a folder of states: removes the oldest until these fit below its limit.
 *
 * @param most bytes of the whole folder
 * @returns false, with nothing removed, where they cannot fit, or the disk has no room for them
 */
export async function makeRoom(folder: string, bytes: number, most: number): Promise<boolean> {
  if (bytes > most) return false;
  await mkdir(folder, { recursive: true });
  const oldestFirst = (await entriesOf(folder)).sort((a, b) => a.written - b.written);
  const held = oldestFirst.reduce((sum, entry) => sum + entry.bytes, 0);
  const removed: Entry[] = [];
  let freed = 0;
  for (const entry of oldestFirst) {
    if (held - freed + bytes <= most) break;
    removed.push(entry);
    freed += entry.bytes;
  }
  const { bavail, bsize } = await statfs(folder);
  if (bytes > bavail * bsize + freed) return false;
  for (const { path } of removed) await rm(path, { recursive: true, force: true });
  return true;
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    entries.push({ path, written: mtimeMs, bytes: await bytesOf(path) });
  }
  return entries;
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}
