import { maskedLanguageModelHead } from "@kgraft/encoder";
import { arrayOf } from "@kgraft/fusion";
import type { HostArray } from "@kgraft/tensor";
import { type Masked, maskPieces } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../contract.ts";

const options = z.strictObject({
  maskRate: z.number().positive().max(1).default(0.15).describe("Share of a text's pieces that are to be predicted"),
  unit: z
    .enum(["piece", "word"])
    .default("piece")
    .describe("What is hidden together: single pieces, or words between white space"),
});

/** Names of the objective's arrays in a batch; K is the most pieces that a batch of its shape may hide. */
const arrays = {
  /** int32 [K], rows of the hidden states seen as [B·T, H] */
  positions: "objective/mlm/positions",
  /** int32 [K], the true pieces */
  labels: "objective/mlm/labels",
  /** float32 [K], 1 for a hidden piece, 0 for padding */
  counts: "objective/mlm/counts",
} as const;

/** Masked language modelling: predict hidden pieces of the text. */
export const mlm: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "mlm",
  summary: "Masked language modelling with masks drawn anew each epoch; only hidden pieces are scored.",
  paper: {
    title: "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    authors: "Devlin, Chang, Lee and Toutanova",
    venue: "NAACL 2019",
    url: "https://aclanthology.org/N19-1423",
  },
  options,
  create({ maskRate, unit }, { encoder, tokenizer }) {
    const head = maskedLanguageModelHead(encoder.config);
    return {
      name: mlm.name,
      parameters: head.parameters,
      corrupt(batch) {
        const masked = batch.examples.map(({ encoding, protectedPieces }, row) => {
          const draw = batch.draw(row);
          return maskPieces(encoding, { tokenizer, rate: maskRate, unit, mode: "exact", draw, protectedPieces });
        });
        for (const [row, { positions, ids }] of masked.entries())
          for (const piece of positions) batch.ids[row * batch.shape.length + piece] = ids[piece] as number;
        return targets(masked, batch, maskRate);
      },
      loss: (hidden, _, { weights, batch }) =>
        head.loss(
          weights,
          hidden,
          arrayOf(batch, arrays.positions),
          arrayOf(batch, arrays.labels),
          arrayOf(batch, arrays.counts),
        ),
    };
  },
};

/** Pads the hidden pieces of a batch to a number that its shape alone decides, so that few shapes occur. */
function targets(
  masked: readonly Masked[],
  { shape: { rows, length } }: ObjectiveBatch,
  maskRate: number,
): Readonly<Record<string, HostArray>> {
  const most = rows * Math.max(1, Math.round(maskRate * length)); // K
  const positions = new Int32Array(most);
  const labels = new Int32Array(most);
  const counts = new Float32Array(most);
  let next = 0;
  for (const [row, one] of masked.entries())
    for (const [i, piece] of one.positions.entries()) {
      positions[next] = row * length + piece;
      labels[next] = one.labels[i] as number;
      counts[next++] = 1;
    }
  return {
    [arrays.positions]: { dtype: "int32", shape: [most], data: positions },
    [arrays.labels]: { dtype: "int32", shape: [most], data: labels },
    [arrays.counts]: { dtype: "float32", shape: [most], data: counts },
  };
}
