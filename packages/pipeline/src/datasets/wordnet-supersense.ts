import { supersenseExamples } from "@kgraft/kg";
import { z } from "zod";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { drawSplits, mostOptions } from "./draw-splits.ts";

const options = z.strictObject({
  splitSeed: z
    .int()
    .min(0)
    .default(1)
    .describe(
      "Divides the synsets into parts; apart from the run's seed, so that all seeds are scored on the same lines",
    ),
  ...mostOptions,
});

/**
 * Typing of the marked word in WordNet's example sentences with the 41 noun and verb lexicographer files as types. No
 * synset and no sentence is in two parts.
 */
export const wordnetSupersense: DatasetDefinition<z.infer<typeof options>> = {
  name: "wordnet-supersense",
  summary: "Example sentences of WordNet's nouns and verbs, the marked word to be typed by 41 lexicographer files.",
  options,
  async create({ splitSeed, ...most }, { graph }) {
    const parts = await supersenseExamples({ graph: await graph(), seed: splitSeed });
    return drawSplits(parts, most, splitSeed);
  },
};
