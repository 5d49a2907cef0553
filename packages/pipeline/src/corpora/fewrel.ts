import { fewrelExamples, fewrelSplits } from "@kgraft/kg";
import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import type { CorpusDefinition } from "./corpus-definition.ts";
import { withoutTexts } from "./left-out.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("FewRel's folder of relations*.json(.gz), or one such file"),
  by: z
    .enum(fewrelSplits)
    .default("sentence")
    .describe("What no text shares with the validation and test parts of the data set fewrel, divided in the same way"),
  splitSeed: z.int().min(0).default(1).describe("Divides the instances; apart from the run's seed"),
});

/** FewRel's training sentences with their pair as mentions and targets, labelled by the relation. */
export const fewrel: CorpusDefinition<z.infer<typeof options>> = {
  name: "fewrel",
  summary: "FewRel's training sentences, their two entities linked to Wikidata.",
  options,
  examples: "text",
  async *create({ path, by, splitSeed }, { leaveOut }) {
    const { train } = await fewrelExamples(path, { seed: splitSeed, by });
    yield* withoutTexts(leaveOut, train);
  },
};
