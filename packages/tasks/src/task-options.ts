import { pathOption } from "@kgraft/runtime";
import { z } from "zod";

/** Where a task's examples come from, when they do not come from a named data set. */
export const taskFileOptions = {
  train: z.string().meta(pathOption).optional().describe("Training examples, JSON Lines"),
  validation: z.string().meta(pathOption).optional().describe("Examples that training is watched and chosen by"),
  test: z.string().meta(pathOption).optional().describe("Examples that are scored once, at the end"),
  offsets: z
    .enum(["codePoints", "utf16"])
    .default("codePoints")
    .describe("What start and end count in those files: Unicode code points, as Python does, or UTF-16 units"),
};

/** How fast parameters learn, alike in pre-training and fine-tuning. */
export const learningOptions = {
  rate: z.number().positive().default(5e-5).describe("Highest learning rate of the encoder's parameters"),
  newRate: z
    .number()
    .positive()
    .default(1e-3)
    .describe("Highest learning rate of new parameters: the heads' and the fusion's"),
  warmup: z.number().min(0).max(1).default(0.1).describe("Share of the steps over which the rates rise from 0"),
  schedule: z.enum(["linear", "constant"]).default("linear").describe("What the rates do after the warm-up"),
  clip: z.number().positive().default(1).describe("Largest global norm of the gradients"),
  weightDecay: z.number().min(0).default(0.01).describe("Decoupled; none on biases and normalisation"),
};

/** How a task's model is trained. */
export const trainingOptions = {
  epochs: z.int().min(1).default(5).describe("Passes over the training examples"),
  batchSize: z.int().min(1).default(32).describe("Examples a step"),
  ...learningOptions,
  newRate: learningOptions.newRate.describe("Highest learning rate of the head's and the fusion's parameters"),
  freezeLayers: z
    .int()
    .min(0)
    .default(3)
    .describe("The embeddings and this many of the lowest layers stay as they are; 0 trains everything"),
  maxLength: z.int().min(8).default(128).describe("Most word pieces of an example, special tokens included"),
  keep: z
    .enum(["last", "best"])
    .default("last")
    .describe("Which weights are kept: those after the last epoch, or those of the epoch that is best on validation"),
};

const fileSchema = z.strictObject(taskFileOptions);
const trainingSchema = z.strictObject(trainingOptions);

/** Where a task's examples come from, parsed. */
export type TaskFileOptions = z.infer<typeof fileSchema>;
/** How a task's model is trained, parsed. */
export type TrainingOptions = z.infer<typeof trainingSchema>;
