import { createHash } from "node:crypto";
import { join } from "node:path";
import { type FusedEncoder, hiddenArray, type PreparedText } from "@kgraft/fusion";
import type { Progress } from "@kgraft/runtime";
import type { HostArray, Parameters } from "@kgraft/tensor";
import { parametersBelow } from "./frozen-layers.ts";
import { lowerStates } from "./lower-states.ts";
import { isOnDisk, type KeptShelf, type Shelf, shelfInMemory, shelfOnDisk } from "./state-shelf.ts";
import { makeRoom } from "./states-room.ts";

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
  const name = options.folder && (await keyOf(model, parameters, prepared, options.layer));
  const place = options.folder && name && join(options.folder, name);
  return store(model, parameters, prepared, { ...options, place });
}

/**
 * Does the same as {@link storeStates} in a folder that may only grow so large: the oldest states of others make room.
 *
 * @param most bytes of the whole folder
 * @returns undefined where they are not there yet and do not fit
 */
export async function storeStatesWithin(
  most: number,
  model: FusedEncoder,
  parameters: Parameters,
  prepared: readonly PreparedText[],
  options: StoreOptions & { readonly folder: string },
): Promise<StoredStates | undefined> {
  const place = join(options.folder, await keyOf(model, parameters, prepared, options.layer));
  const { total } = planShelf(prepared, model.storedLayers(options.layer), model.encoder.config.hiddenSize);
  const fits =
    (await isOnDisk(place, total)) || (await makeRoom(options.folder, total * Float32Array.BYTES_PER_ELEMENT, most));
  return fits ? store(model, parameters, prepared, { ...options, place }) : undefined;
}

async function store(
  model: FusedEncoder,
  parameters: Parameters,
  prepared: readonly PreparedText[],
  { layer, place, progress }: StoreOptions & { readonly place: string | undefined },
): Promise<StoredStates> {
  const layers = model.storedLayers(layer);
  const plan = planShelf(prepared, layers, model.encoder.config.hiddenSize);
  const fill = async (shelf: Shelf): Promise<void> => {
    for await (const { example, states } of lowerStates(model.encoder, parameters, prepared, { progress, layers }))
      for (const [at, one] of states.entries()) await shelf.write(one, plan.placeOf(example, at));
  };
  const kept = await (place === undefined ? shelfInMemory(plan.total, fill) : shelfOnDisk(place, plan.total, fill));
  return {
    reused: kept.reused,
    close: () => kept.close(),
    layer,
    async batch(examples, length) {
      const arrays = layers.map(async (one, at) => [hiddenArray(one), await padded(kept, plan, at, examples, length)]);
      return Object.fromEntries(await Promise.all(arrays));
    },
  };
}

/** Where the states of each example stand on a shelf: layer by layer, one example after another. */
interface ShelfPlan {
  readonly size: number;
  /** Numbers in all. */
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
  shelf: Pick<KeptShelf, "read">,
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
