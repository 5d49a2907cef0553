import { z } from "zod";
import { taskFileOptions, trainingOptions } from "../task-options.ts";

/** Options of entity typing. */
export const entityTypingOptions = z
  .strictObject({
    ...taskFileOptions,
    ...trainingOptions,
    types: z
      .array(z.string().min(1))
      .min(2)
      .optional()
      .describe("The list of types. Default: those of the training examples, sorted"),
    otherLabels: z
      .enum(["refuse", "drop"])
      .default("refuse")
      .describe("What is done with a label that a stated list of types lacks"),
    labels: z
      .enum(["single", "multiple"])
      .default("multiple")
      .describe("single: one type each, softmax and arg max; multiple: any number, none included, a sigmoid each"),
    decision: z
      .enum(["threshold", "threshold-or-argmax"])
      .optional()
      .describe(
        "With multiple labels. threshold: every type whose logit is above it; threshold-or-argmax: where none is, the likeliest. Default: threshold",
      ),
    threshold: z
      .number()
      .optional()
      .describe("With multiple labels: the logit that a type must be above. Default: 0, a probability of one half"),
    pooling: z
      .enum(["mention-mean", "first-piece", "cls", "pooler"])
      .default("mention-mean")
      .describe(
        "What the head reads: the mean of the target's pieces, its first piece, the first token, or the encoder's pooler over that",
      ),
    markers: z
      .tuple([z.string(), z.string()])
      .optional()
      .describe('Text put before and after the target, e.g. ["。 ", " 。"] as ERNIE-THU does. Default: none'),
    metric: z
      .enum(["looseMicroF1", "looseMacroF1", "looseMacroF1NonEmpty", "strictAccuracy"])
      .default("looseMicroF1")
      .describe("The validation score that keep: best goes by"),
    dropout: z.number().min(0).max(0.9).default(0.1).describe("Of what the head reads"),
  })
  .superRefine((options, context) => {
    if (options.labels === "multiple") return;
    for (const key of ["decision", "threshold"] as const)
      if (options[key] !== undefined)
        context.addIssue({ code: "custom", path: [key], message: "has a meaning with labels: multiple only" });
  });

/** Options of entity typing, parsed. */
export type EntityTypingOptions = z.infer<typeof entityTypingOptions>;
