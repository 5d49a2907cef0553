import { z } from "zod";

/** The options of `wklm`. */
export const wklmOptions = z.strictObject({
  replaceRate: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.3)
    .describe(
      "Share of mentions to be replaced by another entity of their type. Never two neighbours, so at most 0.5: then it is every second one. 0: texts stay as they are.",
    ),
  types: z
    .union([z.literal("stated"), z.literal("roles"), z.array(z.string().min(1)).min(1)])
    .default("stated")
    .describe(
      "Where an entity's types come from. stated: the graph's own. A list of relations, as [P31]: their tails. roles: head of or tail of a relation, for a graph that states none.",
    ),
  maxMembers: z
    .int()
    .min(2)
    .default(10_000)
    .describe(
      "Entities of a type to draw from; a type with more is represented by that many of them, drawn uniformly.",
    ),
  states: z
    .enum(["boundary", "first-piece"])
    .default("boundary")
    .describe(
      "What tells original from replaced: the states of the two pieces around the mention, or that of its first piece.",
    ),
  dropout: z.number().min(0).lt(1).default(0.05).describe("Dropout of those states, share of 1."),
  maskMentions: z
    .boolean()
    .default(false)
    .describe("Whether masked language modelling may hide pieces of mentions, too."),
});

/** Options of `wklm`, parsed. */
export type WklmOptions = z.infer<typeof wklmOptions>;
