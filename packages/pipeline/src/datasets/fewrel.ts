import { fewrelExamples, fewrelSplits } from "@kgraft/kg";
import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { drawSplits, mostOptions } from "./draw-splits.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("FewRel's folder of relations*.json(.gz), or one such file"),
  by: z
    .enum(fewrelSplits)
    .default("sentence")
    .describe("What no two parts share: the instance only, its sentence, its head, or any entity"),
  splitSeed: z.int().min(0).default(1).describe("Divides the instances; apart from the run's seed"),
  ...mostOptions,
});

/** Relation classification on FewRel's public sentences, divided 60 : 20 : 20, with the pair as given mentions. */
export const fewrel: DatasetDefinition<z.infer<typeof options>> = {
  name: "fewrel",
  summary: "FewRel's public sentences for supervised relation classification, entities linked to Wikidata.",
  paper: {
    title: "FewRel: A Large-Scale Supervised Few-Shot Relation Classification Dataset",
    authors: "Han, Zhu, Yu, Wang, Yao, Liu, Sun",
    venue: "EMNLP 2018",
    url: "https://aclanthology.org/D18-1514",
  },
  options,
  create: async ({ path, by, splitSeed, ...most }) =>
    drawSplits(await fewrelExamples(path, { seed: splitSeed, by }), most, splitSeed),
};
