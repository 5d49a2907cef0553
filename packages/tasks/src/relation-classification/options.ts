import { z } from "zod";
import { taskFileOptions, trainingOptions } from "../task-options.ts";

const marks = z.tuple([z.string(), z.string()]);

/** Options of relation classification. */
export const relationClassificationOptions = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  relations: z
    .array(z.string().min(1))
    .min(2)
    .optional()
    .describe("The list of relations. Default: those of the training examples, sorted"),
  nullLabel: z
    .string()
    .optional()
    .describe("The label of pairs without a relation, left out of micro and macro scores, e.g. no_relation"),
  headMarkers: marks
    .default(["# ", " #"])
    .describe(
      'Text put before and after the head. Default: those of ERNIE-THU; K-Adapter has ["@ ", " @"]; ["", ""] for none',
    ),
  tailMarkers: marks
    .default(["$ ", " $"])
    .describe('Text put before and after the tail. Default: those of ERNIE-THU; K-Adapter has ["# ", " #"]'),
  pooling: z
    .enum(["mention-means", "markers", "cls", "pooler"])
    .default("mention-means")
    .describe(
      "What the head reads: the means of the pieces of head and tail; the pieces before them, which are markers (K-Adapter); the first token; or the encoder's pooler over that (ERNIE-THU)",
    ),
  metric: z
    .enum(["accuracy", "microF1", "macroF1"])
    .default("accuracy")
    .describe("The validation score that keep: best goes by"),
  dropout: z.number().min(0).max(0.9).default(0.1).describe("Of what the head reads"),
});

/** Options of relation classification, parsed. */
export type RelationClassificationOptions = z.infer<typeof relationClassificationOptions>;
