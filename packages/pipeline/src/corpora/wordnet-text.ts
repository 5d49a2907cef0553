import { wordnetText as readWordnetText } from "@kgraft/kg";
import { collect, streams } from "@kgraft/runtime";
import { z } from "zod";
import type { CorpusDefinition } from "./corpus-definition.ts";

const options = z.strictObject({
  limit: z.int().min(1).optional().describe("Most texts, drawn at random. Default: all, about 140,000"),
  sampleSeed: z
    .int()
    .min(0)
    .default(1)
    .describe("Draws the texts; apart from the run's seed, so that all seeds read the same"),
});

/** WordNet's glosses and example sentences, without the sentences of the task's validation and test parts. */
export const wordnetText: CorpusDefinition<z.infer<typeof options>> = {
  name: "wordnet-text",
  summary: "Glosses and example sentences of the config's WordNet graph.",
  options,
  examples: "text",
  async *create({ limit, sampleSeed }, { graph, leaveOut }) {
    const texts = await collect(readWordnetText({ graph: await graph(), leaveOut }));
    const order = streams(sampleSeed).at("corpus/wordnet-text").permutation(texts.length);
    const chosen = order.subarray(0, limit ?? texts.length).sort();
    for (const index of chosen) yield texts[index] as { id: string; text: string };
  },
};
