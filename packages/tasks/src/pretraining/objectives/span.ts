import { familyOf, maskedLanguageModelHead, type TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type PreparedText, type SeamInput } from "@kgraft/fusion";
import { type HostArray, type Loss, ops, type ParameterSpec, tf } from "@kgraft/tensor";
import type { Masked } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../../contract.ts";
import { hidePieces, maskRate, pieceArrays, pieceLoss, piecesOfBatch, pieceTargets, roomFor } from "./masked-pieces.ts";

const options = z.strictObject({
  maskRate,
  boundary: z
    .boolean()
    .default(true)
    .describe("Whether pieces of a span are predicted from the pieces beside it too (the boundary objective)"),
  placeSize: z.int().min(1).default(200).describe("Width of the vector that says which piece of a span is meant"),
  maxSpan: z.int().min(1).default(20).describe("Most pieces of a span that the boundary objective predicts"),
});

const [name, boundary] = ["span", "span-boundary"] as const;
const prefix = `objective/${name}`;
/** int32 [K] each: rows of the hidden states left and right of the span, and the piece's place in it. */
const arrays = { left: `${prefix}/left`, right: `${prefix}/right`, place: `${prefix}/place` } as const;

/**
 * SpanBERT's two objectives: spans of whole words are hidden alike and predicted through the masked-LM head; and each piece
 * of a span is predicted from the states beside the span and its place in it, none from inside.
 */
export const span: ObjectiveDefinition<z.infer<typeof options>> = {
  name,
  summary: "Hidden spans of 1 to 10 words, predicted through the masked-LM head and from the pieces beside the span.",
  paper: {
    title: "SpanBERT: Improving Pre-training by Representing and Predicting Spans",
    authors: "Joshi, Chen, Liu, Weld, Zettlemoyer and Levy",
    venue: "TACL 2020",
    url: "https://aclanthology.org/2020.tacl-1.5",
  },
  options,
  create(given, { encoder, tokenizer }) {
    const words = maskedLanguageModelHead(encoder.config);
    const sizes = { place: given.placeSize, longest: given.maxSpan };
    return {
      name,
      lossNames: given.boundary ? [name, boundary] : [name],
      parameters: [...words.parameters, ...(given.boundary ? boundaryParameters(encoder, sizes) : [])],
      corrupt(batch) {
        const masked = hidePieces(batch, () => ({ tokenizer, rate: given.maskRate, unit: "span" }));
        const pieces = piecesOfBatch(masked, batch);
        const most = roomFor(pieces.length, batch.shape.rows * Math.ceil(given.maskRate * batch.shape.length));
        const targets = pieceTargets(name, pieces, most);
        return given.boundary ? { ...targets, ...boundaryTargets(masked, batch, most, given.maxSpan) } : targets;
      },
      losses: (hidden, _, at) => ({
        [name]: pieceLoss(name, words, hidden, at),
        ...(given.boundary && { [boundary]: boundaryLoss(encoder, hidden, at) }),
      }),
    };
  },
};

interface BoundarySizes {
  readonly place: number;
  readonly longest: number;
}

function boundaryParameters(
  { config }: TransformerEncoder,
  { place, longest }: BoundarySizes,
): readonly ParameterSpec[] {
  const { hiddenSize, embeddingSize, vocabularySize, initializerRange: deviation } = config;
  const normal = { kind: "normal", deviation } as const;
  const layer = (stem: string, outputs: number, inputs: number): readonly ParameterSpec[] => [
    { name: `${prefix}/${stem}/weight`, shape: [outputs, inputs], init: normal, role: "weight" },
    { name: `${prefix}/${stem}/bias`, shape: [outputs], init: { kind: "zeros" }, role: "bias" },
    { name: `${prefix}/${stem}/norm/weight`, shape: [outputs], init: { kind: "ones" }, role: "normalization" },
    { name: `${prefix}/${stem}/norm/bias`, shape: [outputs], init: { kind: "zeros" }, role: "normalization" },
  ];
  return [
    { name: `${prefix}/places`, shape: [longest, place], init: normal, role: "embedding" },
    ...layer("first", embeddingSize, 2 * hiddenSize + place),
    ...layer("second", embeddingSize, embeddingSize),
    { name: `${prefix}/bias`, shape: [vocabularySize], init: { kind: "zeros" }, role: "bias" },
  ];
}

/** Where the boundary objective reads, piece by piece of the spans of a batch. */
function boundaryTargets(
  masked: readonly Masked[],
  { examples, starts }: ObjectiveBatch,
  most: number,
  longest: number,
): Readonly<Record<string, HostArray>> {
  const [left, right, place] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)];
  const counts = new Float32Array(most);
  let next = 0;
  for (const [index, { positions, units }] of masked.entries()) {
    const before = starts[index] as number;
    const last = (examples[index] as PreparedText).encoding.ids.length - 1;
    for (const piece of positions) {
      const unit = units.find(({ first, last }) => first <= piece && piece < last);
      const at = next++;
      if (unit === undefined || piece - unit.first >= longest) continue;
      left[at] = before + Math.max(0, unit.first - 1);
      right[at] = before + Math.min(last, unit.last);
      place[at] = piece - unit.first;
      counts[at] = 1;
    }
  }
  const int32 = (data: Int32Array): HostArray => ({ dtype: "int32", shape: [most], data });
  return {
    [arrays.left]: int32(left),
    [arrays.right]: int32(right),
    [arrays.place]: int32(place),
    [pieceArrays(boundary).counts]: { dtype: "float32", shape: [most], data: counts },
  };
}

/** Two layers of linear, GELU and LayerNorm over [left; right; place], then the word table. */
function boundaryLoss({ config }: TransformerEncoder, hidden: tf.Tensor, { weights, batch }: SeamInput): Loss {
  const [rows, length, size] = hidden.shape as [number, number, number];
  const flat = tf.reshape(hidden, [rows * length, size]); // [B*T, H]
  const read = (side: "left" | "right"): tf.Tensor => ops.gatherRows(flat, arrayOf(batch, arrays[side])); // [K, H]
  const places = ops.embedding(weights.get(`${prefix}/places`), arrayOf(batch, arrays.place)); // [K, P]
  const layer = (stem: string, x: tf.Tensor): tf.Tensor => {
    const of = (part: string): tf.Tensor => weights.get(`${prefix}/${stem}/${part}`);
    const activated = ops.gelu(ops.linear(x, of("weight"), of("bias")));
    return ops.layerNorm(activated, of("norm/weight"), of("norm/bias"), config.layerNormEpsilon);
  };
  const states = layer("second", layer("first", tf.concat([read("left"), read("right"), places], 1))); // [K, E]
  const family = familyOf(config.modelType);
  return ops.tiedVocabularyLoss(
    states,
    weights.get(`${family.prefix}${family.names.words}.weight`),
    weights.get(`${prefix}/bias`),
    arrayOf(batch, pieceArrays(name).labels),
    arrayOf(batch, pieceArrays(boundary).counts),
  );
}
