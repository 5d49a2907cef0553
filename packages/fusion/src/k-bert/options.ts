import { z } from "zod";

/** The options of `k-bert`. */
export const kBertOptions = z.strictObject({
  maxTriplesPerMention: z
    .number()
    .int()
    .min(0)
    .default(2)
    .describe("Most branches of one occurrence of an entity, in the graph's order. 0: no fusion."),
  candidates: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe(
      "How many of a mention's candidates grow branches, best first: the first branch of each, then the second. 1: the linked entity alone.",
    ),
  depth: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe(
      "Most triples of one branch: it goes on from tail to tail by the same relation, which is said once. 1: as in the paper.",
    ),
  at: z
    .enum(["every-mention", "target"])
    .default("every-mention")
    .describe("target: where an example has a span to be judged, branches grow at mentions in it alone."),
  branchText: z
    .enum(["relation-and-tail", "tail"])
    .default("relation-and-tail")
    .describe("Words of a branch: relation and tail (the paper's classification), or the tail alone (its NER)."),
  relations: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Ids of the relations that become branches. Default: all."),
  lookup: z
    .enum(["mentions", "words"])
    .default("mentions")
    .describe(
      "Where branches grow: at linked mentions, or at every run of words that is exactly a label of the graph, the longest first (single characters in Chinese), in both texts of a pair.",
    ),
  positions: z
    .enum(["soft", "hard"])
    .default("soft")
    .describe("soft: counted along the tree, so that the text has its own; hard: along the flattened pieces."),
  visibleMatrix: z
    .boolean()
    .default(true)
    .describe("Whether a branch is hidden from all but its mention. false: everything sees everything."),
  truncation: z
    .enum(["whole-branches", "official"])
    .default("whole-branches")
    .describe(
      "whole-branches: the text keeps its room, branches that no longer fit are left out whole; official: the flattened pieces are cut, text and branches alike.",
    ),
});

/** Options of `k-bert`, parsed. */
export type KBertOptions = z.infer<typeof kBertOptions>;
