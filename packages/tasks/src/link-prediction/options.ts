import { z } from "zod";
import { taskFileOptions, trainingOptions } from "../task-options.ts";

const prefilter = z
  .strictObject({
    embedding: z.enum(["transe", "distmult", "complex", "rotate"]).default("complex").describe("The embedding model"),
    keep: z.int().min(1).default(10).describe("Candidates of each question that the encoder scores"),
    epochs: z.int().min(1).default(50).describe("Passes over the training triples"),
    dimension: z.int().min(2).default(100).describe("Real numbers in an entity's vector"),
  })
  .describe(
    "Approximate ranking: a KG embedding of the training triples picks the candidates that the encoder orders anew; all others keep the embedding's order behind them. Default: none, every candidate is scored",
  );

/** Options of link prediction. */
export const linkPredictionOptions = z.strictObject({
  ...taskFileOptions,
  ...trainingOptions,
  maxLength: trainingOptions.maxLength.default(64),
  negatives: z
    .int()
    .min(1)
    .default(5)
    .describe("False triples beside each training triple, all on one side, drawn once before the first epoch"),
  maxRankedTriples: z
    .union([z.literal("all"), z.int().min(1)])
    .default("all")
    .describe("Triples of a part that are ranked: all, or a sample of so many; the filter knows all in any case"),
  sampleSeed: z
    .int()
    .min(0)
    .default(1)
    .describe("Draws that sample; apart from the run's seed, so that all seeds rank the same"),
  predictions: z.int().min(1).default(10).describe("Best answers of each question that are written out"),
  prefilter: prefilter.optional(),
  metric: z.enum(["mrr", "hits@1", "hits@3", "hits@10"]).default("mrr").describe("The score that keep: best goes by"),
});

/** Options of link prediction, parsed. */
export type LinkPredictionOptions = z.infer<typeof linkPredictionOptions>;
/** Options of the approximate mode, parsed. */
export type PrefilterOptions = z.infer<typeof prefilter>;
