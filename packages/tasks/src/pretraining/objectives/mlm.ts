import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { maskingObjective, maskRate } from "./masked-pieces.ts";

const options = z.strictObject({
  maskRate,
  unit: z
    .enum(["piece", "word"])
    .default("piece")
    .describe("What is hidden together: single pieces, or words between white space"),
});

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
  create: ({ maskRate: rate, unit }, { encoder, tokenizer }) =>
    maskingObjective({ name: mlm.name, encoder, tokenizer, rate, unit: () => ({ unit }) }),
};
