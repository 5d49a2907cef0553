import { silent, streams } from "@kgraft/runtime";
import {
  type HostBatch,
  type LossFunction,
  ops,
  type ParameterSpec,
  Parameters,
  type StepContext,
  type TensorBatch,
  type TrainOptions,
  tf,
  type Weights,
} from "../src/index.ts";

const [rows, length, width, heads, inner, vocabulary, masked] = [2, 6, 8, 2, 16, 20, 4];

const matrix = (name: string, out: number, size: number): ParameterSpec => ({
  name,
  shape: [out, size],
  init: { kind: "normal", deviation: 0.1 },
  role: "weight",
});
const vector = (name: string, size: number, role: "bias" | "normalization"): ParameterSpec => ({
  name,
  shape: [size],
  init: { kind: role === "bias" ? "zeros" : "ones" },
  role,
});
const norm = (name: string): ParameterSpec[] => [
  vector(`${name}.weight`, width, "normalization"),
  vector(`${name}.bias`, width, "bias"),
];
const dense = (name: string, out: number, size: number): ParameterSpec[] => [
  matrix(`${name}.weight`, out, size),
  vector(`${name}.bias`, out, "bias"),
];

/** One Transformer layer with a tied decoder. */
export const layerSpecs: readonly ParameterSpec[] = [
  matrix("words", vocabulary, width),
  vector("decoder.bias", vocabulary, "bias"),
  ...["query", "key", "value", "output"].flatMap((name) => dense(name, width, width)),
  ...norm("attention.norm"),
  ...dense("up", inner, width),
  ...dense("down", width, inner),
  ...norm("output.norm"),
];

/** Random ids of which the first two of each row are to be found again. */
export function layerBatch(index: number): HostBatch {
  const draw = streams(8).at("ids", index);
  const ids = Int32Array.from({ length: rows * length }, () => draw.integer(vocabulary));
  const places = Int32Array.of(0, 1, length, length + 1);
  return {
    arrays: {
      ids: { dtype: "int32", shape: [rows, length], data: ids },
      visible: { dtype: "bool", shape: [rows, 1, length], data: Uint8Array.from(ids, (_, i) => (i === 11 ? 0 : 1)) },
      places: { dtype: "int32", shape: [masked], data: places },
      labels: { dtype: "int32", shape: [masked], data: places.map((place) => ids[place] as number) },
      weights: { dtype: "float32", shape: [masked], data: Float32Array.of(1, 1, 1, index % 2) },
    },
    tokens: rows * length - 1,
  };
}

/** The tied masked-language-model loss of that layer, with dropout of a tenth. */
export const layerLosses: LossFunction = (...given) => lossesOf(0.1, ...given);

/** The same without dropout. */
export const steadyLayerLosses: LossFunction = (...given) => lossesOf(0, ...given);

function lossesOf(rate: number, weights: Weights, batch: TensorBatch, context: StepContext): ReturnType<LossFunction> {
  const at = (name: string): tf.Tensor => batch[name] as tf.Tensor;
  const linear = (x: tf.Tensor, name: string): tf.Tensor =>
    ops.linear(x, weights.get(`${name}.weight`), weights.get(`${name}.bias`));
  const normed = (x: tf.Tensor, residual: tf.Tensor, name: string): tf.Tensor =>
    ops.dropoutResidualNorm(
      x,
      residual,
      weights.get(`${name}.weight`),
      weights.get(`${name}.bias`),
      1e-5,
      rate,
      context,
      name,
    );
  const x = ops.embedding(weights.get("words"), at("ids")); // [B, T, H]
  const [query, key, value] = ["query", "key", "value"].map((name) => linear(x, name)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const attended = ops.attention(query, key, value, { heads, bias: ops.visibleBias(at("visible")) });
  const a = normed(linear(attended, "output"), x, "attention.norm");
  const hidden = normed(linear(ops.gelu(linear(a, "up")), "down"), a, "output.norm");
  const found = ops.gatherRows(tf.reshape(hidden, [-1, width]), at("places")); // [K, H]
  const mlm = ops.tiedVocabularyLoss(
    found,
    weights.get("words"),
    weights.get("decoder.bias"),
    at("labels"),
    at("weights"),
  );
  return { mlm };
}

/** A run of that layer. */
export function layerRun(changes: Partial<TrainOptions> = {}): TrainOptions {
  return {
    parameters: Parameters.create(layerSpecs, streams(1)),
    losses: layerLosses,
    data: { batchesInEpoch: () => 4, batch: (_, index) => layerBatch(index) },
    length: { steps: 100 },
    optimiser: { name: "adamw", rate: 0.01 },
    schedule: { name: "constant" },
    clipNorm: 1,
    streams: streams(1),
    label: "layer",
    progress: silent,
    ...changes,
  };
}
