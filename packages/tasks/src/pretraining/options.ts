import { z } from "zod";
import { learningOptions } from "../task-options.ts";

const objective = z.union([z.string(), z.looseObject({ name: z.string() })]);

/** Options of continued pre-training. */
export const pretrainOptions = z
  .strictObject({
    objectives: z
      .array(objective)
      .default(["mlm"])
      .describe("Objectives that belong to no strategy, by name or as { name, …options }; the strategy adds its own"),
    weights: z
      .record(z.string(), z.number().min(0))
      .default({})
      .describe("Weight of a loss in the sum, by the name of the objective or of the strategy's head. Default: 1 each"),
    steps: z.int().min(1).default(1000).describe("Optimiser steps, headSteps included"),
    headSteps: z
      .int()
      .min(0)
      .default(0)
      .describe("First steps, in which only new heads and the fusion learn and the encoder stays as it is"),
    batchSize: z.int().min(1).optional().describe("Examples a step. Default: 32, where there is no batchTokens"),
    batchTokens: z.int().min(8).optional().describe("Most word pieces a step, padding included, instead of batchSize"),
    ...learningOptions,
    freezeLayers: z
      .int()
      .min(0)
      .default(0)
      .describe("The embeddings and this many of the lowest layers stay as they are"),
    statesGb: z
      .number()
      .min(0)
      .default(10)
      .describe(
        "Most disk, in GB, for hidden states of an encoder that stays as it is, kept between runs; what does not fit is computed in every step. 0: nothing is kept",
      ),
    maxLength: z.int().min(8).default(128).describe("Most word pieces of an example, special tokens included"),
    pack: z
      .boolean()
      .default(false)
      .describe(
        "Several texts side by side in rows of maxLength pieces, each seeing itself alone, instead of rows of like length; batchSize counts rows. Not with a strategy, nor with objectives that read pairs or set positions",
      ),
  })
  .superRefine((options, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (options.batchSize !== undefined && options.batchTokens !== undefined)
      issue("batchTokens", "stands beside batchSize: state one of them");
    if (options.batchTokens !== undefined && options.batchTokens < options.maxLength)
      issue("batchTokens", `must be at least maxLength, ${options.maxLength}`);
    if (options.headSteps > options.steps) issue("headSteps", `must be at most steps, ${options.steps}`);
  });

/** Options of continued pre-training, parsed. */
export type PretrainOptions = z.infer<typeof pretrainOptions>;

/** An objective that a config names, with its options as they stand there. */
export interface ObjectiveChoice {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Lists the objectives of pre-training options; each definition checks its own options. */
export function objectiveChoices({ objectives }: PretrainOptions): readonly ObjectiveChoice[] {
  return objectives.map((stated) => {
    if (typeof stated === "string") return { name: stated, options: {} };
    const { name, ...options } = stated;
    return { name, options };
  });
}
