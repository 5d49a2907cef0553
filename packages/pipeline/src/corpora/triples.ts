import { collect, streams } from "@kgraft/runtime";
import { NegativeSampler, numberTriples, withNegatives } from "@kgraft/tasks";
import type { TextExample } from "@kgraft/text";
import { z } from "zod";
import { entityTextOption, triplesInWords } from "../triples-in-words.ts";
import type { CorpusDefinition } from "./corpus-definition.ts";

const options = z.strictObject({
  limit: z.int().min(1).optional().describe("Most true triples, drawn at random. Default: all"),
  negatives: z.int().min(0).default(1).describe("False triples beside each true one, none of them in the graph"),
  sampleSeed: z
    .int()
    .min(0)
    .default(1)
    .describe("Draws triples and negatives; apart from the run's seed, so that all seeds read the same"),
  entityText: entityTextOption,
});

/** The graph's triples in words, true ones labelled 1 and false ones 0, without those of the task's validation and test parts. */
export const triples: CorpusDefinition<z.infer<typeof options>> = {
  name: "triples",
  summary: "Triples of the config's graph in words, each with false ones beside it.",
  options,
  examples: "triple",
  async *create({ limit, negatives, sampleSeed, entityText }, { graph, leaveOut }) {
    const left = new Set(leaveOut.map(({ text }) => text));
    const all = await collect(triplesInWords(await graph(), entityText));
    const numbered = numberTriples({ train: all, validation: [], test: [] }, "corpus.triples");
    const sampler = new NegativeSampler(numbered, [numbered.train]);
    const draws = streams(sampleSeed);
    const kept = all.filter(({ text }) => !left.has(text));
    const order = draws.at("corpus/triples").permutation(kept.length);
    const chosen = Array.from(order.subarray(0, limit ?? kept.length).sort(), (index) => kept[index] as TextExample);
    yield* withNegatives(chosen, {
      triples: numbered,
      sampler,
      negativesOf: () => negatives,
      drawFor: (place) => draws.at("corpus/negatives", place),
      at: "corpus.triples",
    });
  },
};
