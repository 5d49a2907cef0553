import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { RunError, writeFolderAtomic } from "@kgraft/runtime";

/** Where the states of all examples stand one after another, float32. */
export interface Shelf {
  write(states: Float32Array, at: number): Promise<void> | void;
  /** Fills `into` from a place, both counted in numbers. */
  read(into: Float32Array, at: number): Promise<void> | void;
}

/** A filled shelf that can be read and closed. */
export interface KeptShelf extends Pick<Shelf, "read"> {
  /** Whether it was found on disk. */
  readonly reused: boolean;
  close(): Promise<void>;
}

const fileName = "states.f32";
const width = Float32Array.BYTES_PER_ELEMENT;

/** Fills a shelf in memory. */
export async function shelfInMemory(total: number, fill: (shelf: Shelf) => Promise<void>): Promise<KeptShelf> {
  const all = new Float32Array(total);
  const read = (into: Float32Array, at: number): void => into.set(all.subarray(at, at + into.length));
  await fill({ write: (states, at) => all.set(states, at), read });
  return { read, reused: false, close: async () => undefined };
}

/** Opens the shelf of a folder, or fills it where there is none that is whole. */
export async function shelfOnDisk(
  folder: string,
  total: number,
  fill: (shelf: Shelf) => Promise<void>,
): Promise<KeptShelf> {
  const whole = await openWhole(folder, total);
  const file = whole ?? (await written(folder, fill));
  return { read: fileShelf(file, folder).read, reused: whole !== undefined, close: () => file.close() };
}

/** Whether a folder holds a whole shelf of this size. */
export async function isOnDisk(folder: string, total: number): Promise<boolean> {
  const file = await openWhole(folder, total);
  await file?.close();
  return file !== undefined;
}

async function written(folder: string, fill: (shelf: Shelf) => Promise<void>): Promise<FileHandle> {
  await writeFolderAtomic(folder, async (temporary) => {
    const file = await open(join(temporary, fileName), "w+");
    try {
      await fill(fileShelf(file, folder));
      await file.sync();
    } finally {
      await file.close();
    }
  });
  return open(join(folder, fileName), "r");
}

/** Opens a file of the right size, or nothing. */
async function openWhole(folder: string, total: number): Promise<FileHandle | undefined> {
  const file = await open(join(folder, fileName), "r").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  if (file === undefined || (await file.stat()).size === total * width) return file;
  await file.close();
  return undefined;
}

function fileShelf(file: FileHandle, path: string): Shelf {
  const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return {
    async write(states, at) {
      await file.write(bytes(states), 0, states.byteLength, at * width);
    },
    async read(into, at) {
      const { bytesRead } = await file.read(bytes(into), 0, into.byteLength, at * width);
      if (bytesRead !== into.byteLength) throw cutShort(path);
    },
  };
}

function cutShort(path: string): RunError {
  return new RunError({
    code: "tasks.states.cut",
    at: path,
    problem: "the stored hidden states have become shorter while they were read",
    fix: "Remove that folder: the states are computed again",
  });
}
