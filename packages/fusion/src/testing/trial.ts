import { createEncoder, type LayerRange } from "@kgraft/encoder";
import { type Draw, streams } from "@kgraft/runtime";
import {
  type HostArray,
  type HostBatch,
  inference,
  type LossFunction,
  Parameters,
  type StepContext,
  type TensorBatch,
  tf,
  toDevice,
} from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { collateExamples, hiddenArray } from "../batch.ts";
import type { Fusion, FusionDefinition } from "../contract.ts";
import { createFusedEncoder, type FusedEncoder } from "../fused-encoder.ts";
import { type PreparedText, prepareExamples } from "../prepared-text.ts";
import type { SmallWorld } from "./small-world.ts";

/** Word states on the host. */
export interface States {
  /** [B, T, H] */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** One strategy on the small encoder, ready to run. */
export interface Trial {
  readonly fused: FusedEncoder;
  /** Encoder, strategy and heads; of this trial's seed. */
  readonly parameters: Parameters;
  prepare(examples: readonly TextExample[]): Promise<readonly PreparedText[]>;
  collate(prepared: readonly PreparedText[], length: number, draw?: Draw): HostBatch;
  /** Runs a batch without dropout. */
  run(batch: HostBatch, range?: LayerRange): States;
  /** The batch with all states that a run from this layer reads instead of computing them. */
  withStored(batch: HostBatch, from: number): HostBatch;
  /** Calls with a batch on the device, constants included, and gives everything back afterwards. */
  onDevice<Result>(batch: HostBatch, use: (tensors: TensorBatch) => Result): Result;
  /** Every loss that training could have: the heads' own, and a fixed random reading of the word states. */
  readonly losses: LossFunction;
}

/** Opens a trial; options are as a config writes them. The caller disposes of the parameters. */
export function openTrial(
  definition: FusionDefinition,
  options: Readonly<Record<string, unknown>>,
  world: SmallWorld,
  seed = 11,
): Trial {
  const fusion: Fusion = definition.create(definition.options.parse(options), world);
  const fused = createFusedEncoder(createEncoder(world.encoder), fusion);
  const parameters = Parameters.create([...fused.parameters, ...fused.headParameters], streams(seed));
  const { tokenizer } = world;
  const onDevice: Trial["onDevice"] = (batch, use) => {
    const tensors = toDevice({
      ...batch.arrays,
      ...fused.constants,
      reading: readingOf(batch, world.encoder.hiddenSize),
    });
    try {
      return use(tensors);
    } finally {
      tf.dispose(Object.values(tensors));
    }
  };
  const run: Trial["run"] = (batch, range) => onDevice(batch, (tensors) => states(fused, parameters, tensors, range));
  return {
    fused,
    parameters,
    onDevice,
    run,
    prepare: async (examples) =>
      (await prepareExamples(examples, { tokenizer, fusion, maxLength: world.encoder.maxPositions })).prepared,
    collate: (prepared, length, draw) => collateExamples(prepared, length, fusion, draw),
    withStored(batch, from) {
      const stored = fused.storedLayers(from).map((layer) => {
        const { shape, values: data } = onDevice(batch, (tensors) => below(fused, parameters, tensors, layer));
        return [hiddenArray(layer), { dtype: "float32" as const, shape, data }];
      });
      return { ...batch, arrays: { ...batch.arrays, ...Object.fromEntries(stored) } };
    },
    losses: (weights, tensors, context) => allLosses(fused, weights, tensors, context),
  };
}

/** Fixed random weights of the word states, float32 [B, T, H]: through them a loss feels every state. */
function readingOf({ arrays }: HostBatch, size: number): HostArray {
  const shape = [...(arrays.inputIds?.shape ?? []), size];
  const data = new Float32Array(shape.reduce((product, axis) => product * axis, 1));
  return { dtype: "float32", shape, data: streams(5).at("reading").fillNormal(data, 1) };
}

/** The plain encoder's input to a layer. */
function below({ encoder }: FusedEncoder, parameters: Parameters, tensors: TensorBatch, layer: number): States {
  return states(createFusedEncoder(encoder, {}), parameters, tensors, { to: layer });
}

function states(fused: FusedEncoder, parameters: Parameters, tensors: TensorBatch, range?: LayerRange): States {
  return tf.tidy(() => {
    const { hidden } = fused.run(parameters, tensors, inference, range).stream;
    return { shape: hidden.shape, values: Float32Array.from(hidden.dataSync<"float32">()) };
  });
}

function allLosses(
  fused: FusedEncoder,
  weights: Parameters | { get(name: string): tf.Tensor },
  tensors: TensorBatch,
  context: StepContext,
): ReturnType<LossFunction> {
  const run = fused.run(weights, tensors, context);
  const { hidden } = run.stream;
  const sum = tf.sum(tf.mul(hidden, tensors.reading as tf.Tensor)) as tf.Scalar;
  const weight = tf.scalar(hidden.size);
  return { reading: { sum, weight }, ...fused.losses(run, weights, tensors, context) };
}
