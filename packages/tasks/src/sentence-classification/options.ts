import { z } from "zod";
import { taskFileOptions, trainingOptions } from "../task-options.ts";

/** Options of sentence classification. */
export const sentenceClassificationOptions = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  classes: z
    .array(z.string().min(1))
    .min(2)
    .optional()
    .describe("The list of classes. Default: those of the training examples, sorted"),
  pooling: z
    .enum(["mean", "cls", "pooler", "dense"])
    .default("mean")
    .describe(
      "What the head reads: the mean of the text's pieces, the first token, the encoder's pooler over that, or a new tanh layer over it (K-BERT)",
    ),
  metric: z
    .enum(["accuracy", "microF1", "macroF1"])
    .default("accuracy")
    .describe("The validation score that keep: best goes by"),
  dropout: z.number().min(0).max(0.9).default(0.1).describe("Of what the head reads"),
});

/** Options of sentence classification, parsed. */
export type SentenceClassificationOptions = z.infer<typeof sentenceClassificationOptions>;
