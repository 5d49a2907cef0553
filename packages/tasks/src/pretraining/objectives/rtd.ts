import {
  createEncoder,
  type EncoderConfig,
  families,
  familyOf,
  firstPosition,
  linearHead,
  maskedLanguageModelHead,
  type TransformerEncoder,
} from "@kgraft/encoder";
import { arrayOf, batchArrays, type SeamInput } from "@kgraft/fusion";
import { type HostArray, type Loss, ops, type ParameterSpec, tf, type Weights } from "@kgraft/tensor";
import { maskPieces, type Tokenizer } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../../contract.ts";
import { maskRate, mostPieces, pieceArrays, pieceLoss, pieceTargets, roomFor } from "./masked-pieces.ts";

const options = z.strictObject({
  maskRate,
  discriminatorWeight: z
    .number()
    .min(0)
    .default(50)
    .describe("Weight of the discriminator's loss beside the generator's"),
  generatorSize: z
    .number()
    .positive()
    .max(1)
    .default(0.25)
    .describe("Hidden size of the generator, as a share of the encoder's; a whole number of heads of the same width"),
});

const [name, generatorName] = ["rtd", "rtd-generator"] as const;
const prefix = `objective/${name}/generator/`;
const arrays = {
  /** int32 [B, T], the text's own pieces */
  original: `objective/${name}/original`,
  /** int32 [B, T], rows of the position table as the encoder's family counts them */
  positions: `objective/${name}/text-positions`,
  /** float32 [K], where in the generator's distribution each piece is drawn, [0, 1) */
  chance: `objective/${name}/chance`,
} as const;

/**
 * Replaced-token detection: a small generator fills hidden pieces with ones drawn from its own distribution, and the encoder
 * tells for every piece of the text whether it was replaced. A drawn piece that equals the true one counts as original. No
 * gradient passes through the draw; the generator shares the encoder's word, position and type tables.
 */
export const rtd: ObjectiveDefinition<z.infer<typeof options>> = {
  name,
  summary: "A small generator fills hidden pieces, the encoder tells replaced pieces from original ones (ELECTRA).",
  paper: {
    title: "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators",
    authors: "Clark, Luong, Le and Manning",
    venue: "ICLR 2020",
    url: "https://arxiv.org/abs/2003.10555",
  },
  options,
  create(given, { encoder, tokenizer }) {
    const generator = generatorOf(encoder.config, given.generatorSize);
    const detector = detectorOf(encoder);
    return {
      name,
      lossNames: [name, generatorName],
      parameters: [...detector.parameters, ...generator.parameters],
      corrupt: (batch) => ({
        ...hide(batch, tokenizer, given.maskRate),
        ...counted(batch.shape, firstPosition(encoder.config)),
      }),
      feed: (at) => generator.fill(at),
      losses(hidden, _, at) {
        const { sum, weight } = detector.loss(hidden, at);
        return { [name]: { sum: tf.mul(sum, given.discriminatorWeight) as tf.Scalar, weight } };
      },
    };
  },
};

/** Hides pieces as ELECTRA does: 85 % behind the mask token, the rest stay. */
function hide(batch: ObjectiveBatch, tokenizer: Tokenizer, rate: number): Readonly<Record<string, HostArray>> {
  const { rows, length } = batch.shape;
  const original = batch.ids.slice();
  const pieces = batch.examples.flatMap((example, index) => {
    const draw = batch.draw(index);
    const { encoding, protectedPieces } = example;
    const { positions, labels } = maskPieces(encoding, { tokenizer, rate, mode: "exact", draw, protectedPieces });
    const shown = batch.draw(index, "shown");
    return positions.map((piece, i) => {
      const place = (batch.starts[index] as number) + piece;
      batch.taken[place] = 1;
      if (shown.uniform() < 0.85) batch.ids[place] = tokenizer.special.mask as number;
      return { place, label: labels[i] as number, chance: shown.uniform() };
    });
  });
  const most = roomFor(pieces.length, mostPieces(batch.shape, rate));
  const chance = new Float32Array(most);
  chance.set(pieces.map((piece) => piece.chance));
  return {
    ...pieceTargets(name, pieces, most),
    [arrays.original]: { dtype: "int32", shape: [rows, length], data: original },
    [arrays.chance]: { dtype: "float32", shape: [most], data: chance },
  };
}

/** Positions counted on through each row. */
function counted({ rows, length }: ObjectiveBatch["shape"], first: number): Readonly<Record<string, HostArray>> {
  const data = Int32Array.from({ length: rows * length }, (_, at) => first + (at % length));
  return { [arrays.positions]: { dtype: "int32", shape: [rows, length], data } };
}

/** The encoder's head and its loss over all pieces of the text and its special tokens, padding excepted. */
function detectorOf({ config }: TransformerEncoder) {
  const own = families.get(config.modelType)?.heads["replaced-token"] !== undefined;
  const head = own ? linearHead(config, "replaced-token") : plainDetector(config);
  return {
    parameters: head.parameters,
    loss(hidden: tf.Tensor, { weights, batch, context }: SeamInput): Loss {
      const [rows, length] = hidden.shape as [number, number];
      const flat = rows * length;
      const logits = tf.reshape(head.logits(weights, hidden, context), [flat, 1]);
      const replaced = tf.notEqual(arrayOf(batch, batchArrays.inputIds), arrayOf(batch, arrays.original));
      return ops.sigmoidCrossEntropy(
        logits,
        tf.reshape(tf.cast(replaced, "float32"), [flat, 1]),
        tf.reshape(tf.cast(arrayOf(batch, batchArrays.attentionMask), "float32"), [flat]),
      );
    },
  };
}

/** For families without such a head: that of ELECTRA under names of our own. */
function plainDetector(config: EncoderConfig): Pick<ReturnType<typeof linearHead>, "parameters" | "logits"> {
  return linearHead({ ...config, modelType: "electra" }, "replaced-token", { prefix: `objective/${name}/` });
}

/** A small encoder with a masked-LM head over the tables of the large one. */
function generatorOf(config: EncoderConfig, share: number) {
  const encoder = createEncoder(smaller(config, share));
  const head = maskedLanguageModelHead(encoder.config);
  const nameOf = generatorNames(config, encoder.config);
  const own = [...encoder.parameters, ...head.parameters].filter(({ name: local }) => nameOf(local).startsWith(prefix));
  return {
    parameters: own.map((spec): ParameterSpec => ({ ...spec, name: nameOf(spec.name) })),
    /** Runs the generator on the hidden text and puts what it draws in the place of what it was to predict. */
    fill({ weights, batch, context }: SeamInput) {
      const local: Weights = { get: (parameter) => weights.get(nameOf(parameter)) };
      const input = {
        ids: arrayOf(batch, batchArrays.inputIds),
        typeIds: arrayOf(batch, batchArrays.typeIds),
        attentionMask: arrayOf(batch, batchArrays.attentionMask),
        positionIds: batch[batchArrays.positionIds] ?? arrayOf(batch, arrays.positions),
        visible: batch[batchArrays.visible],
      };
      const { hidden } = encoder.run(local, input, context).stream;
      const at = { weights: local, batch, context };
      const logits = head.logits(local, hidden, arrayOf(batch, pieceArrays(name).positions)); // [K, V]
      return {
        batch: { ...batch, [batchArrays.inputIds]: filled(batch, drawn(logits, arrayOf(batch, arrays.chance))) },
        losses: { [generatorName]: pieceLoss(name, head, hidden, at) },
      };
    },
  };
}

/**
 * Draws from softmax distributions by their running sums.
 *
 * @param logits float32 [K, V]
 * @param chance float32 [K] in [0, 1)
 * @returns int32 [K]
 */
function drawn(logits: tf.Tensor, chance: tf.Tensor): tf.Tensor {
  const sums = tf.cumsum(tf.softmax(logits), 1); // [K, V]
  const below = tf.lessEqual(sums, tf.expandDims(chance, 1));
  const last = (logits.shape[1] as number) - 1;
  return tf.minimum(tf.sum(tf.cast(below, "int32"), 1), tf.scalar(last, "int32"));
}

/** Writes drawn pieces to their places, int32 [B, T]; padding of K writes the first piece over itself. */
function filled(batch: SeamInput["batch"], pieces: tf.Tensor): tf.Tensor {
  const { positions, counts } = pieceArrays(name);
  const original = arrayOf(batch, arrays.original);
  const flat = tf.reshape(original, [-1]);
  const first = tf.slice(flat, [0], [1]);
  const counted = tf.greater(arrayOf(batch, counts), 0);
  const written = tf.where(counted, pieces, tf.broadcastTo(first, pieces.shape)); // [K]
  const places = tf.expandDims(arrayOf(batch, positions), 1); // [K, 1]
  return tf.reshape(tf.tensorScatterUpdate(flat, places, written), original.shape);
}

/** Sizes of the generator: the same depth, tables as wide as the encoder's, fewer heads of the same width. */
function smaller(config: EncoderConfig, share: number): EncoderConfig {
  const headSize = config.hiddenSize / config.numHeads;
  const numHeads = Math.max(1, Math.round(share * config.numHeads));
  const hiddenSize = numHeads * headSize;
  return {
    ...config,
    modelType: "electra",
    hiddenSize,
    numHeads,
    intermediateSize: Math.max(1, Math.round((config.intermediateSize * hiddenSize) / config.hiddenSize)),
    layerGroups: undefined,
  };
}

/** Where the generator's parameters stand: the three tables are the encoder's, all else has names of its own. */
function generatorNames(config: EncoderConfig, small: EncoderConfig): (local: string) => string {
  const [theirs, ours] = [familyOf(config.modelType), familyOf(small.modelType)];
  const shared = new Map(
    (["words", "positions", "types"] as const).map((table) => [
      `${ours.prefix}${ours.names[table]}.weight`,
      `${theirs.prefix}${theirs.names[table]}.weight`,
    ]),
  );
  return (local) => shared.get(local) ?? `${prefix}${local}`;
}
