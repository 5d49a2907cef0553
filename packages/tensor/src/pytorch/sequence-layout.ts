import type { FileHandle } from "node:fs/promises";
import { elementBytes } from "../safetensors/element-types.ts";
import { bytesAt } from "../safetensors/header.ts";
import type { Layout } from "./archive-layout.ts";
import { readPickle } from "./pickle.ts";
import { PickleCutShort, type Pickled, PickledDictionary, PickleRefusal } from "./pickled.ts";
import { TensorWorld } from "./tensor-world.ts";

/** How the older layout begins: a pickle of PyTorch's magic number. */
export const sequenceMagic = Uint8Array.of(
  ...[0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
);

const firstWindow = 2 ** 20;
const largestPickles = 2 ** 28;

/**
 * Reads the layout that PyTorch wrote before 1.6: five pickles (magic number, version, machine, state, keys of the storages),
 * then each storage behind its number of elements.
 *
 * @throws PickleRefusal
 */
export async function sequenceLayout(file: FileHandle): Promise<Layout> {
  const { size } = await file.stat();
  const world = new TensorWorld();
  const { state, keys, end } = await readPickles(file, size, world);
  const starts = new Map<string, number>();
  let at = end;
  for (const key of keys) {
    const storage = world.storages.get(key);
    if (storage === undefined) throw new PickleRefusal(`has numbers under "${key}", which nothing refers to`);
    const count = Buffer.from(await bytesAt(file, at, 8)).readBigInt64LE();
    if (count !== BigInt(storage.size))
      throw new PickleRefusal(`has ${count} numbers under "${key}", not ${storage.size}`);
    starts.set(key, at + 8);
    at += 8 + storage.size * elementBytes[storage.type];
    if (at > size) throw new PickleRefusal(`is cut short in the numbers under "${key}"`);
  }
  return {
    state,
    startOf({ key }) {
      const start = starts.get(key);
      if (start !== undefined) return start;
      throw new PickleRefusal(`has no numbers under "${key}"`);
    },
  };
}

interface Pickles {
  readonly state: Pickled;
  readonly keys: readonly string[];
  readonly end: number;
}

/** The pickles' lengths stand nowhere: more of the file is read until they end. */
async function readPickles(file: FileHandle, size: number, world: TensorWorld): Promise<Pickles> {
  for (let window = firstWindow; ; window *= 4) {
    const bytes = await bytesAt(file, 0, Math.min(window, size));
    try {
      return fivePickles(bytes, world);
    } catch (cause) {
      if (!(cause instanceof PickleCutShort) || window >= Math.min(size, largestPickles)) throw cause;
    }
  }
}

function fivePickles(bytes: Uint8Array, world: TensorWorld): Pickles {
  const version = readPickle(bytes, sequenceMagic.length, world);
  const machine = readPickle(bytes, version.end, world);
  const isLittle = machine.value instanceof PickledDictionary && machine.value.entries.get("little_endian") === true;
  if (!isLittle) throw new PickleRefusal("holds numbers whose first byte is the largest");
  const state = readPickle(bytes, machine.end, world);
  const keys = readPickle(bytes, state.end, world);
  if (Array.isArray(keys.value) && keys.value.every((key) => typeof key === "string"))
    return { state: state.value, keys: keys.value as readonly string[], end: keys.end };
  throw new PickleRefusal("has no list of storages");
}
