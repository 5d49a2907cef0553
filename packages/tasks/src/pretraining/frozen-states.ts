import { batchArrays, hiddenArray, type PreparedText } from "@kgraft/fusion";
import type { HostArray } from "@kgraft/tensor";
import { statesOfBatch } from "../lower-states.ts";
import { storeStates, storeStatesWithin } from "../stored-states.ts";
import type { PretrainInput } from "./pretrain.ts";

/** Hidden states of the layers that a stage leaves alone: its steps start above them. */
export interface FrozenStates {
  /** The layer whose input they are. */
  readonly layer: number;
  /**
   * @param arrays the batch's own
   * @returns float32 [B, T, H] by layer, under the names of `hiddenArray`
   */
  batch(
    examples: readonly PreparedText[],
    arrays: Readonly<Record<string, HostArray>>,
  ): Promise<Readonly<Record<string, HostArray>>>;
  close(): Promise<void>;
}

/** What a stage of pre-training does to its examples and to the encoder. */
export interface FrozenStage {
  /** Whether the whole encoder stays as it is. */
  readonly frozen: boolean;
  /** Prepares the examples it reads, each once; undefined where they are not the same in every epoch. */
  examples(): Promise<readonly PreparedText[] | undefined>;
}

/**
 * Finds where a stage's steps get the states of frozen layers from: a store where they are the same in every epoch; where they
 * are not, or there is no room, and the strategy keeps the encoder frozen, they are computed for each batch apart from the
 * step. Either way the frozen encoder drops nothing out.
 *
 * Undefined where layers run in the step as always: something is trained, or an objective changes ids, positions or
 * visibility.
 */
export async function openFrozenStates(
  input: PretrainInput,
  { frozen, examples }: FrozenStage,
): Promise<FrozenStates | undefined> {
  const { model, objectives } = input;
  const layer = model.firstLayer;
  if (!frozen || layer === 0 || objectives.length > 0) return undefined;
  const same = model.fusion.readsPadding === true || input.options.statesGb === 0 ? undefined : await examples();
  const stored = same && (await openStore(input, layer, same));
  if (stored !== undefined) return stored;
  return model.fusion.freezes?.pretraining?.encoder === true ? computedStates(input, layer) : undefined;
}

async function openStore(
  { model, parameters, options, statesFolder, progress }: PretrainInput,
  layer: number,
  examples: readonly PreparedText[],
): Promise<FrozenStates | undefined> {
  const most = options.statesGb * 1e9;
  const stored =
    statesFolder === undefined
      ? await storeStates(model, parameters, examples, { layer, progress })
      : await storeStatesWithin(most, model, parameters, examples, { layer, progress, folder: statesFolder });
  if (stored === undefined) {
    progress.note(
      `pretrain: the hidden states of ${examples.length} examples do not fit on ${options.statesGb} GB of disk (statesGb): they are computed in every step`,
    );
    return undefined;
  }
  return {
    layer,
    batch: (batch, arrays) => stored.batch(batch, shapeOf(arrays)[1]),
    close: () => stored.close(),
  };
}

function computedStates({ model, parameters }: PretrainInput, layer: number): FrozenStates {
  const layers = model.storedLayers(layer);
  const size = model.encoder.config.hiddenSize;
  return {
    layer,
    async batch(_, arrays) {
      const all = await statesOfBatch(model.encoder, parameters, arrays, layers);
      const [rows, length] = shapeOf(arrays);
      const numbers = rows * length * size;
      const one = (at: number): HostArray => ({
        dtype: "float32",
        shape: [rows, length, size],
        data: all.subarray(at * numbers, (at + 1) * numbers),
      });
      return Object.fromEntries(layers.map((each, at) => [hiddenArray(each), one(at)]));
    },
    close: async () => undefined,
  };
}

/** [B, T] */
const shapeOf = (arrays: Readonly<Record<string, HostArray>>): readonly [number, number] =>
  (arrays[batchArrays.inputIds] as HostArray).shape as [number, number];
