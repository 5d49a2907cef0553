import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type FusedEncoder, hiddenArray, type PreparedText } from "@kgraft/fusion";
import { type Progress, RunError, writeFolderAtomic } from "@kgraft/runtime";
import type { HostArray, Parameters } from "@kgraft/tensor";
import { parametersBelow } from "./frozen-layers.ts";
import { lowerStates } from "./lower-states.ts";

/** Hidden states of every example at the layers that a run from one of them reads, without padding. */
export interface StoredStates {
  /** The layer whose input they are: a run starts there. */
  readonly layer: number;
  /** Whether they were found on disk. */
  readonly reused: boolean;
  /**
   * The arrays that a run with `range.from = layer` reads: the states of these examples, zeros behind their last piece.
   *
   * @returns float32 [B, T, H] by layer, under the names of `hiddenArray`
   */
  batch(examples: readonly PreparedText[], length: number): Promise<Readonly<Record<string, HostArray>>>;
  /** Closes the file, where there is one. */
  close(): Promise<void>;
}

/** Which states are stored, and where. */
export interface StoreOptions {
  /** The layer that runs start from; those below it that the strategy reads are stored too. */
  readonly layer: number;
  /** Where they are kept and found again, under a name made of the weights and pieces; absent: in memory. */
  readonly folder?: string | undefined;
  readonly progress: Progress;
}

/** Where the states of all examples stand one after another, float32. */
interface Shelf {
  write(states: Float32Array, at: number): Promise<void> | void;
  /** Fills `into` from a place, both counted in numbers. */
  read(into: Float32Array, at: number): Promise<void> | void;
}

/**
 * Computes the hidden states that go into a layer, once for each example, in inference mode: the dropout that lies below
 * the layer is off. On disk, nothing of them is held in memory.
 *
 * Right only where no parameter below the layer is trained and the strategy changes nothing below it.
 */
export async function storeStates(
  model: FusedEncoder,
  parameters: Parameters,
  prepared: readonly PreparedText[],
  options: StoreOptions,
): Promise<StoredStates> {
  const layers = model.storedLayers(options.layer);
  const plan = planShelf(prepared, layers, model.encoder.config.hiddenSize);
  const fill = async (shelf: Shelf): Promise<void> => {
    for await (const { example, states } of lowerStates(model.encoder, parameters, prepared, { ...options, layers }))
      for (const [at, one] of states.entries()) await shelf.write(one, plan.placeOf(example, at));
  };
  const kept =
    options.folder === undefined
      ? await inMemory(plan.total, fill)
      : await onDisk(join(options.folder, await keyOf(model, parameters, prepared, options.layer)), plan.total, fill);
  return {
    ...kept,
    layer: options.layer,
    async batch(examples, length) {
      const arrays = layers.map(async (layer, at) => [
        hiddenArray(layer),
        await padded(kept, plan, at, examples, length),
      ]);
      return Object.fromEntries(await Promise.all(arrays));
    },
  };
}

/** Where the states of each example stand on a shelf: layer by layer, one example after another. */
interface ShelfPlan {
  readonly size: number;
  readonly total: number;
  /** @param at index of the layer among those stored */
  placeOf(example: PreparedText, at: number): number;
}

function planShelf(prepared: readonly PreparedText[], layers: readonly number[], size: number): ShelfPlan {
  const places = new Map<PreparedText, number>();
  let total = 0;
  for (const example of prepared) {
    places.set(example, total);
    total += layers.length * example.encoding.ids.length * size;
  }
  return {
    size,
    total,
    placeOf: (example, at) => (places.get(example) as number) + at * example.encoding.ids.length * size,
  };
}

/** States of a batch at one layer, float32 [B, T, H]. */
async function padded(
  shelf: Pick<Shelf, "read">,
  { size, placeOf }: ShelfPlan,
  at: number,
  examples: readonly PreparedText[],
  length: number,
): Promise<HostArray> {
  const data = new Float32Array(examples.length * length * size);
  for (const [row, example] of examples.entries()) {
    const start = row * length * size;
    await shelf.read(data.subarray(start, start + example.encoding.ids.length * size), placeOf(example, at));
  }
  return { dtype: "float32", shape: [examples.length, length, size], data };
}

/** A shelf that can be read and closed. */
type KeptShelf = Pick<Shelf, "read"> & Pick<StoredStates, "reused" | "close">;

async function inMemory(total: number, fill: (shelf: Shelf) => Promise<void>): Promise<KeptShelf> {
  const all = new Float32Array(total);
  const read = (into: Float32Array, at: number): void => into.set(all.subarray(at, at + into.length));
  await fill({ write: (states, at) => all.set(states, at), read });
  return { read, reused: false, close: async () => undefined };
}

async function onDisk(folder: string, total: number, fill: (shelf: Shelf) => Promise<void>): Promise<KeptShelf> {
  const name = "states.f32";
  let file = await openWhole(join(folder, name), total);
  const reused = file !== undefined;
  if (file === undefined) {
    await writeFolderAtomic(folder, async (temporary) => {
      const written = await open(join(temporary, name), "w+");
      try {
        await fill(fileShelf(written, folder));
        await written.sync();
      } finally {
        await written.close();
      }
    });
    file = await open(join(folder, name), "r");
  }
  const opened = file;
  return { read: fileShelf(opened, folder).read, reused, close: () => opened.close() };
}

/** Opens a file of the right size, or nothing. */
async function openWhole(path: string, total: number): Promise<FileHandle | undefined> {
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw cause;
  });
  if (file === undefined || (await file.stat()).size === total * Float32Array.BYTES_PER_ELEMENT) return file;
  await file.close();
  return undefined;
}

function fileShelf(file: FileHandle, path: string): Shelf {
  const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const width = Float32Array.BYTES_PER_ELEMENT;
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

/** A name for what the states depend on: shape and weights of the lower layers, and the pieces of every example. */
async function keyOf(
  { encoder, storedLayers }: FusedEncoder,
  parameters: Parameters,
  prepared: readonly PreparedText[],
  layer: number,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([encoder.config, storedLayers(layer)]));
  for (const name of parametersBelow(encoder, layer, "tasks.storeStates")) {
    const values = await parameters.get(name).data<"float32">();
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  for (const { encoding } of prepared) {
    const { ids, typeIds } = encoding;
    for (const array of [Int32Array.of(ids.length), ids, typeIds])
      hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return `states-${hash.digest("hex").slice(0, 32)}`;
}
