import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { maskingObjective, maskRate } from "./masked-pieces.ts";

const options = z.strictObject({ maskRate });

/** Masked language modelling of whole mentions, and of whole words beside them. */
export const entityMasking: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "entity-masking",
  summary:
    "Masked language modelling in which all pieces of a linked mention are hidden together, words beside them too.",
  paper: {
    title: "ERNIE: Enhanced Representation through Knowledge Integration",
    authors: "Sun, Wang, Li, Feng, Chen, Zhang, Tian, Zhu, Tian and Wu",
    venue: "arXiv 2019",
    url: "https://arxiv.org/abs/1904.09223",
  },
  options,
  create: ({ maskRate: rate }, { encoder, tokenizer }) =>
    maskingObjective({
      name: entityMasking.name,
      encoder,
      tokenizer,
      rate,
      unit: ({ example }) => ({ unit: "entity", mentions: example.mentions }),
    }),
};
