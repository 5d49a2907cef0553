import { firstPosition } from "@kgraft/encoder";
import { batchArrays } from "@kgraft/fusion";
import { translationLayout } from "@kgraft/text";
import { z } from "zod";
import type { ObjectiveBatch, ObjectiveDefinition } from "../../contract.ts";
import { maskingObjective, maskRate } from "./masked-pieces.ts";

const options = z.strictObject({ maskRate });

/**
 * Translation language modelling: masked pieces of a text and its translation, read together. Positions of the second begin
 * anew; the token types tell the languages apart.
 */
export const tlm: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "tlm",
  summary:
    "Masked language modelling over a text and its translation, whose positions begin anew; wants examples with a pair.",
  paper: {
    title: "Cross-lingual Language Model Pretraining",
    authors: "Conneau and Lample",
    venue: "NeurIPS 2019",
    url: "https://arxiv.org/abs/1901.07291",
  },
  options,
  create({ maskRate: rate }, { encoder, tokenizer }) {
    const masking = maskingObjective({ name: tlm.name, encoder, tokenizer, rate, unit: () => ({ unit: "piece" }) });
    const first = firstPosition(encoder.config);
    return {
      ...masking,
      pairs: "given",
      corrupt: (batch) => ({ ...masking.corrupt(batch), ...positions(batch, first) }),
    };
  },
};

/** @returns `positionIds` int32 [B, T] */
function positions({ examples, shape: { rows, length } }: ObjectiveBatch, first: number) {
  const data = new Int32Array(rows * length).fill(first);
  for (const [row, { encoding }] of examples.entries())
    data.set(translationLayout(encoding, first).positionIds, row * length);
  return { [batchArrays.positionIds]: { dtype: "int32" as const, shape: [rows, length], data } };
}
