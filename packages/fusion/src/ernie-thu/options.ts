import { z } from "zod";

const layerKinds = z.enum(["sim", "mix", "norm"]);

/**
 * What a layer does with the entity stream, in the words of the official config's `layer_types`: `sim` passes it by
 * (plain BERT), `mix` takes it as it is, `norm` lets entities attend to each other first.
 */
export type LayerKind = z.infer<typeof layerKinds>;

/** The options of `ernie-thu`. */
export const ernieThuOptions = z
  .strictObject({
    fusedLayers: z
      .array(z.number().int().min(0))
      .optional()
      .describe(
        "Layers that fuse, counted from 0: the lowest is mix, the others norm. Default: from 5/12 of the depth to the top, as released (layers 5 to 11 of 12). []: no fusion.",
      ),
    layerTypes: z
      .array(layerKinds)
      .optional()
      .describe("sim, mix or norm for each layer from 0 up, instead of fusedLayers; a missing tail is sim."),
    entityHeads: z
      .number()
      .int()
      .positive()
      .default(4)
      .describe("Attention heads of the entity stream; must divide the vectors' dimension."),
    dropout: z
      .number()
      .min(0)
      .lt(1)
      .optional()
      .describe("Dropout of the entity stream, share of 1. Default: the encoder's own."),
    vectorNorm: z
      .union([z.number().positive(), z.literal("as-given")])
      .default(3)
      .describe(
        "Mean length that the entity vectors are scaled to, or as-given. New layers start at a deviation of 0.02 and hardly see vectors of length 1.",
      ),
    clsEntity: z
      .boolean()
      .default(true)
      .describe("Whether position 0 takes part in the entity stream with a zero vector, as in the official code."),
    alignment: z
      .enum(["first-piece", "every-second-piece"])
      .default("first-piece")
      .describe(
        "Pieces of a mention that carry its entity: the first, or every second one as the official pre-training data has it.",
      ),
    candidates: z
      .union([z.literal("batch"), z.literal("all"), z.array(z.string().min(1)).min(1)])
      .default("batch")
      .describe(
        "Pre-training: entities among which the aligned one is to be found, and from which replacements are drawn. batch: those of the batch, as in the official code. all: every one with a vector. A list: these ids; what is aligned with another entity is not asked.",
      ),
    replaceRate: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe("Pre-training: share of alignments that get an entity drawn from the candidates."),
    hideRate: z.number().min(0).max(1).default(0.15).describe("Pre-training: share of alignments that are hidden."),
  })
  .refine(({ replaceRate, hideRate }) => replaceRate + hideRate <= 1, {
    path: ["hideRate"],
    message: "replaceRate and hideRate together are more than 1",
  })
  .refine(({ fusedLayers, layerTypes }) => fusedLayers === undefined || layerTypes === undefined, {
    path: ["layerTypes"],
    message: "fusedLayers and layerTypes both say which layers fuse; give one of them",
  });

/** Options of `ernie-thu`, parsed. */
export type ErnieThuOptions = z.infer<typeof ernieThuOptions>;
