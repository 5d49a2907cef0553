import { z } from "zod";
import type { ObjectiveDefinition } from "../../contract.ts";
import { maskingObjective, maskRate } from "./masked-pieces.ts";

const options = z.strictObject({ maskRate });

/** Masked language modelling of whole words. */
export const wholeWord: ObjectiveDefinition<z.infer<typeof options>> = {
  name: "whole-word",
  summary: "Masked language modelling in which all pieces of a word are hidden together.",
  paper: {
    title: "Pre-Training with Whole Word Masking for Chinese BERT",
    authors: "Cui, Che, Liu, Qin and Yang",
    venue: "IEEE/ACM TASLP 2021",
    url: "https://arxiv.org/abs/1906.08101",
  },
  options,
  create: ({ maskRate: rate }, { encoder, tokenizer }) =>
    maskingObjective({ name: wholeWord.name, encoder, tokenizer, rate, unit: () => ({ unit: "word" }) }),
};
