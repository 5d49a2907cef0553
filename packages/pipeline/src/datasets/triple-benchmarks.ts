import { pathOption } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import { z } from "zod";
import { connectedSample } from "./connected-sample.ts";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { type ArchiveTriples, exampleTriples, readTripleArchive } from "./triple-archive.ts";

const path = z
  .string()
  .meta(pathOption)
  .describe("Folder of the benchmarks' archives, the words of entities and relations in text/");

const whole = z.strictObject({ path });

const sampled = z.strictObject({
  path,
  entities: z
    .int()
    .min(2)
    .optional()
    .describe("Keeps a connected sample of so many entities, and the triples among them. Default: all 40,943"),
  sampleSeed: z.int().min(0).default(1).describe("Draws where the sample starts; apart from the run's seed"),
});

/** UMLS: 135 kinds of medical things, 46 relations. */
export const umls: DatasetDefinition<z.infer<typeof whole>> = {
  name: "umls",
  summary: "UMLS's semantic network: 135 entities, 46 relations, 5,216 / 652 / 661 triples.",
  options: whole,
  create: async ({ path: folder }) =>
    splitsOf(await readTripleArchive({ folder, archive: "umls.tar.gz", words: "umls" })),
};

/** Nations: 14 countries, 55 relations; ids are words. */
export const nations: DatasetDefinition<z.infer<typeof whole>> = {
  name: "nations",
  summary: "Nations: 14 countries, 55 relations, 1,592 / 199 / 201 triples.",
  options: whole,
  create: async ({ path: folder }) => splitsOf(await readTripleArchive({ folder, archive: "nations.tar.gz" })),
};

/** WN18RR: WordNet without inverse relations, each entity as "lemma, gloss". */
export const wn18rr: DatasetDefinition<z.infer<typeof sampled>> = {
  name: "wn18rr",
  summary: "WN18RR: 40,943 synsets, 11 relations, 86,835 / 3,034 / 3,134 triples, or a connected sample.",
  paper: {
    title: "Convolutional 2D Knowledge Graph Embeddings",
    authors: "Dettmers, Minervini, Stenetorp, Riedel",
    venue: "AAAI 2018",
    url: "https://arxiv.org/abs/1707.01476",
  },
  options: sampled,
  async create({ path: folder, entities, sampleSeed }) {
    const triples = await readTripleArchive({ folder, archive: "WN18RR.tar.gz", words: "WN18RR" });
    return splitsOf(entities === undefined ? triples : connectedSample(triples, entities, sampleSeed));
  },
};

function splitsOf({ train, validation, test, text }: ArchiveTriples): Splits {
  return {
    train: exampleTriples(train, "train", text),
    validation: exampleTriples(validation, "validation", text),
    test: exampleTriples(test, "test", text),
  };
}
