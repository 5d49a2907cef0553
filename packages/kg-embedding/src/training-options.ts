import { z } from "zod";
import { lossNames } from "./losses.ts";

/** What every model's training can be told; a model adds its own and sets its own defaults. */
export const trainingOptions = {
  dimension: z.int().min(1).default(100).describe("Real numbers in an entity's vector."),
  epochs: z.int().min(1).default(10).describe("Passes over the training triples."),
  batchSize: z.int().min(1).default(1024).describe("Triples a step; each asks for its tail and for its head."),
  negatives: z
    .int()
    .min(1)
    .default(512)
    .describe("Entities drawn for a step as negatives of all its questions; all entities where the graph has no more."),
  loss: z
    .enum(lossNames)
    .default("softmax")
    .describe("softmax over answer and negatives, margin ranking, softplus, or self-adversarial."),
  margin: z.number().min(0).default(1).describe("Margin of the margin and self-adversarial losses."),
  temperature: z
    .number()
    .min(0)
    .default(1)
    .describe("How much the self-adversarial loss prefers negatives of high score; 0 weighs all alike."),
  reciprocal: z
    .boolean()
    .default(true)
    .describe("Asks for heads through a second vector of each relation, its inverse's own."),
  filterNegatives: z
    .boolean()
    .default(false)
    .describe("Takes other known answers out of the drawn negatives; worth its cost on small dense graphs only."),
  learningRate: z.number().positive().default(0.1).describe("Adagrad's step."),
  deviation: z
    .number()
    .positive()
    .default(0.1)
    .describe("Standard deviation of the first vectors, drawn from N(0, σ²)."),
  maxRankedTriples: z
    .union([z.literal("all"), z.int().min(1)])
    .default("all")
    .describe("Test triples that are ranked after training: all, or a sample of so many, drawn with the seed."),
};

const schema = z.strictObject(trainingOptions);

export type TrainingOptions = z.output<typeof schema>;
