import { z } from "zod";
import { taskFileOptions, trainingOptions } from "../task-options.ts";

/** Options of named entity recognition. */
export const namedEntityOptions = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  types: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("The list of types. Default: those of the training examples, sorted"),
  metric: z
    .enum(["microF1", "macroF1", "untypedMicroF1"])
    .default("microF1")
    .describe("The validation score that keep: best goes by"),
  dropout: z.number().min(0).max(0.9).default(0.1).describe("Of what the head reads"),
});

/** Options of named entity recognition, parsed. */
export type NamedEntityOptions = z.infer<typeof namedEntityOptions>;
