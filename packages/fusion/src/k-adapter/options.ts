import { pathOption } from "@kgraft/runtime";
import { z } from "zod";

const adapterOptions = z.strictObject({
  task: z
    .enum(["relation", "dependency", "none"])
    .default("none")
    .describe(
      "What pre-training teaches it: the relation of an example's two targets, the head of every word, or nothing (it stays as it is)",
    ),
  layers: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe(
      "Layers whose states it reads, from 0 (what goes into the first layer) to the number of layers; one side network each. Default: 0, half the depth, and the last but one, as released (0, 11, 22 of 24).",
    ),
  from: z
    .string()
    .meta(pathOption)
    .optional()
    .describe(
      "Folder that the adapter starts from: a model folder with an adapter of this name, or one with the adapter alone",
    ),
});

/** The options of `k-adapter`. */
export const kAdapterOptions = z
  .strictObject({
    adapters: z
      .record(z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be kebab-case"), adapterOptions)
      .default({ factual: { task: "relation" } })
      .describe("The adapters by name, side by side. {}: none, so plain BERT."),
    fusion: z
      .enum(["concat", "add"])
      .default("concat")
      .describe("How tasks read them: a linear layer over last state and adapters, or their plain sum"),
    start: z
      .enum(["random", "identity"])
      .default("random")
      .describe(
        "How concat starts: at random as in the official code, or so that tasks first read the last state alone",
      ),
    innerSize: z
      .int()
      .positive()
      .optional()
      .describe(
        "Width inside the side networks. Default: 3/4 of the hidden size, as released (768 of 1024), a multiple of innerHeads",
      ),
    innerLayers: z.int().positive().default(2).describe("Transformer layers of each side network"),
    innerHeads: z.int().positive().default(12).describe("Attention heads of those layers; must divide innerSize"),
    dropout: z
      .number()
      .min(0)
      .lt(1)
      .default(0.1)
      .describe("Dropout in side networks and pre-training heads, share of 1"),
    skipLayers: z
      .int()
      .min(0)
      .refine((count) => count !== 1, "must not be 1: the official code then reads behind the last side network")
      .default(0)
      .describe(
        "0: none. s: behind every s-th side network, the c-th one, the output of number c/s (from 0) is added, as in the official code",
      ),
    attendPadding: z
      .boolean()
      .default(false)
      .describe(
        "Whether side networks attend to padding, as in the official code: results then depend on the batch, and no states are stored",
      ),
    dependencyPositions: z
      .int()
      .positive()
      .default(64)
      .describe("Pre-training: positions that the dependency head tells apart; words beyond are not counted"),
  })
  .refine(({ innerHeads, innerSize = innerHeads }) => innerSize % innerHeads === 0, {
    path: ["innerSize"],
    message: "must be a multiple of innerHeads",
  });

/** Options of `k-adapter`, parsed. */
export type KAdapterOptions = z.infer<typeof kAdapterOptions>;

/** Options of one adapter, parsed. */
export type AdapterOptions = z.infer<typeof adapterOptions>;
