import type { FileHandle } from "node:fs/promises";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { elementBytes } from "../safetensors/element-types.ts";
import { bytesAt } from "../safetensors/header.ts";
import { readPickle } from "./pickle.ts";
import { type Pickled, PickleRefusal } from "./pickled.ts";
import { type StoredNumbers, TensorWorld } from "./tensor-world.ts";

/** A file's state and where each storage of it begins. */
export interface Layout {
  readonly state: Pickled;
  /** @throws PickleRefusal where the file does not hold all numbers of the storage */
  startOf(storage: StoredNumbers): number;
}

/** The largest pickle of a state that is read: names and shapes of a million tensors. */
const largestPickle = 2 ** 28;

/**
 * Reads the layout that PyTorch writes since 1.6: a zip archive, not compressed, with `data.pkl` and `data/<key>`.
 *
 * @throws PickleRefusal
 */
export async function archiveLayout(path: string, file: FileHandle): Promise<Layout> {
  const archive = await openPromise(path, { autoClose: false });
  try {
    const places = new Map<string, { readonly start: number; readonly length: number }>();
    for await (const entry of archive.eachEntry()) places.set(afterRoot(entry.fileName), await placeOf(archive, entry));
    const read = async (name: string) => {
      const place = places.get(name);
      return place && place.length <= largestPickle ? bytesAt(file, place.start, place.length) : undefined;
    };
    const order = await read("byteorder");
    if (order !== undefined && Buffer.from(order).toString().trim() !== "little")
      throw new PickleRefusal("holds numbers whose first byte is the largest");
    const pickle = await read("data.pkl");
    if (pickle === undefined) throw new PickleRefusal("is a zip archive without data.pkl");
    const world = new TensorWorld();
    const { value } = readPickle(pickle, 0, world);
    return {
      state: value,
      startOf({ key, size, type }) {
        const { start, length } = places.get(`data/${key}`) ?? { start: 0, length: 0 };
        if (length >= size * elementBytes[type]) return start;
        throw new PickleRefusal(`has ${length} bytes under data/${key} for ${size} numbers`);
      },
    };
  } finally {
    archive.close();
  }
}

/** Every archive has one folder around all, with a name of its own. */
const afterRoot = (name: string): string => name.slice(name.indexOf("/") + 1);

async function placeOf(archive: ZipFile, entry: Entry): Promise<{ start: number; length: number }> {
  if (entry.compressionMethod !== 0)
    throw new PickleRefusal(`has ${entry.fileName} compressed, which PyTorch never does`);
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
  return { start: fileDataStart, length: entry.uncompressedSize };
}
