import { type MaskedLanguageModelHead, maskedLanguageModelHead, type TransformerEncoder } from "@kgraft/encoder";
import { arrayOf, type PreparedText, type SeamInput } from "@kgraft/fusion";
import type { HostArray, Loss, tf } from "@kgraft/tensor";
import { type Masked, type MaskingOptions, maskPieces, type Tokenizer } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch } from "../../contract.ts";

/** Share of the pieces to predict, an option of every objective that hides pieces. */
export const maskRate = z
  .number()
  .positive()
  .max(1)
  .default(0.15)
  .describe("Share of a text's pieces that are to be predicted");

/** A true piece at a place of a batch. */
export interface HiddenPiece {
  /** Row of the hidden states seen as [B·T, H]. */
  readonly place: number;
  readonly label: number;
}

/** Names of the arrays in which hidden pieces stand; K is the most pieces that a batch of its shape may hide. */
export const pieceArrays = (objective: string) =>
  ({
    /** int32 [K], rows of the hidden states seen as [B·T, H] */
    positions: `objective/${objective}/positions`,
    /** int32 [K], the true pieces */
    labels: `objective/${objective}/labels`,
    /** float32 [K], 1 for a hidden piece, 0 for padding */
    counts: `objective/${objective}/counts`,
  }) as const;

/** Hides pieces of every example of a batch, none that another objective has hidden or a strategy protects. */
export function hidePieces(
  batch: ObjectiveBatch,
  optionsOf: (example: PreparedText) => Omit<MaskingOptions, "draw">,
): readonly Masked[] {
  return batch.examples.map((example, index) => {
    const before = batch.starts[index] as number;
    const taken = Array.from(example.encoding.ids.keys()).filter((piece) => batch.taken[before + piece] === 1);
    const masked = maskPieces(example.encoding, {
      ...optionsOf(example),
      draw: batch.draw(index),
      protectedPieces: [...(example.protectedPieces ?? []), ...taken],
    });
    for (const piece of masked.positions) {
      batch.ids[before + piece] = masked.ids[piece] as number;
      batch.taken[before + piece] = 1;
    }
    return masked;
  });
}

/** The hidden pieces of a batch, example by example. */
export function piecesOfBatch(masked: readonly Masked[], { starts }: ObjectiveBatch): readonly HiddenPiece[] {
  return masked.flatMap(({ positions, labels }, index) =>
    positions.map((piece, i) => ({ place: (starts[index] as number) + piece, label: labels[i] as number })),
  );
}

/** Pads hidden pieces to a number that the batch's shape alone decides, so that few shapes occur. */
export function pieceTargets(
  objective: string,
  pieces: readonly HiddenPiece[],
  most: number,
): Readonly<Record<string, HostArray>> {
  const positions = new Int32Array(most);
  const labels = new Int32Array(most);
  const counts = new Float32Array(most);
  for (const [i, { place, label }] of pieces.entries()) {
    positions[i] = place;
    labels[i] = label;
    counts[i] = 1;
  }
  const arrays = pieceArrays(objective);
  return {
    [arrays.positions]: { dtype: "int32", shape: [most], data: positions },
    [arrays.labels]: { dtype: "int32", shape: [most], data: labels },
    [arrays.counts]: { dtype: "float32", shape: [most], data: counts },
  };
}

/** Most pieces that a batch of this shape may hide at a rate, rounded as single pieces are chosen. */
export const mostPieces = ({ rows, length }: ObjectiveBatch["shape"], rate: number): number =>
  rows * Math.max(1, Math.round(rate * length));

/** Places for hidden pieces: what the batch's shape says, in few steps more where short examples share rows and round up each. */
export const roomFor = (pieces: number, most: number): number =>
  pieces <= most ? most : most + roomStep * Math.ceil((pieces - most) / roomStep);

const roomStep = 32;

/** Cross-entropy of the true pieces through a masked-LM head. */
export function pieceLoss(
  objective: string,
  head: MaskedLanguageModelHead,
  hidden: tf.Tensor,
  { weights, batch }: SeamInput,
): Loss {
  const arrays = pieceArrays(objective);
  const read = (name: string): tf.Tensor => arrayOf(batch, name);
  return head.loss(weights, hidden, read(arrays.positions), read(arrays.labels), read(arrays.counts));
}

/** What an objective that only hides pieces is made from. */
export interface MaskingObjectiveOptions {
  readonly name: string;
  readonly encoder: TransformerEncoder;
  readonly tokenizer: Tokenizer;
  readonly rate: number;
  /** What is hidden together in an example. */
  unit(example: PreparedText): Pick<MaskingOptions, "unit" | "mentions">;
}

/** Makes an objective that hides pieces and predicts them. */
export function maskingObjective({ name, encoder, tokenizer, rate, unit }: MaskingObjectiveOptions) {
  const head = maskedLanguageModelHead(encoder.config);
  return {
    name,
    lossNames: [name],
    parameters: head.parameters,
    corrupt(batch: ObjectiveBatch) {
      const masked = hidePieces(batch, (example) => ({ tokenizer, rate, mode: "exact", ...unit(example) }));
      const pieces = piecesOfBatch(masked, batch);
      return pieceTargets(name, pieces, roomFor(pieces.length, mostPieces(batch.shape, rate)));
    },
    losses: (hidden: tf.Tensor, _: unknown, at: SeamInput) => ({ [name]: pieceLoss(name, head, hidden, at) }),
  };
}
