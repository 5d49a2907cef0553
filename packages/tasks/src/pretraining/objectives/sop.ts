import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { pairObjective } from "./pair-classes.ts";

const options = z.strictObject({});

/**
 * Sentence order prediction: do two neighbouring segments stand in their order, or swapped? A single sentence gives no
 * pair (ALBERT's code takes a random second segment then).
 */
export const sop: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "sop",
  summary: "Sentence order prediction over pairs of neighbouring segments: in order, or swapped.",
  paper: {
    title: "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations",
    authors: "Lan, Chen, Goodman, Gimpel, Sharma and Soricut",
    venue: "ICLR 2020",
    url: "https://arxiv.org/abs/1909.11942",
  },
  options,
  create: (_, { encoder }) => pairObjective(encoder, sop.name, { pairs: "order", familyHead: "sentence-order" }),
};
