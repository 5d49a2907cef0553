import { type Graph, loadMorphy } from "@kgraft/kg";
import { InputError, type Progress } from "@kgraft/runtime";
import type { Mention } from "@kgraft/text";
import { z } from "zod";
import { type AliasIndex, AliasIndexBuilder } from "./alias-index.ts";
import { usageOf } from "./alias-rules.ts";
import { byCodeUnit, CandidateLists } from "./candidates.ts";
import { derivedAliases } from "./derived-aliases.ts";
import { type WeightedAlias, weightedAliases } from "./entity-aliases.ts";
import type { Linker } from "./linker.ts";
import type { LinkerDefinition, LinkerResources } from "./linker-definition.ts";
import { MentionFinder } from "./mention-finder.ts";
import { TokenTable } from "./token-table.ts";

const options = z.strictObject({
  minScore: z.number().min(0).max(1).default(0).describe("mentions whose best candidate scores lower are left out"),
  maxCandidates: z.int().min(1).default(30).describe("most candidates kept of a mention"),
  minLetters: z.int().min(1).default(2).describe("fewest letters and digits of a mention as it stands in the text"),
  lemmatise: z
    .enum(["none", "morphy"])
    .default("none")
    .describe("also find inflected forms: by WordNet's rules and exceptions (English)"),
  lemmaPartsOfSpeech: z
    .array(z.enum(["noun", "verb", "adj", "adv"]))
    .nonempty()
    .default(["noun", "verb"])
    .describe("whose inflections are undone by lemmatise"),
  accents: z
    .enum(["ignore", "match"])
    .default("ignore")
    .describe("whether accents of Latin, Greek and Cyrillic letters count"),
  derive: z
    .boolean()
    .default(true)
    .describe("also find names without hyphens or a qualifier in parentheses, at 0.3 of their weight"),
  acronyms: z
    .enum(["match-case", "any-case"])
    .default("match-case")
    .describe("whether aliases of two to four capitals match only in capitals"),
  functionWords: z
    .enum(["match-case", "any-case"])
    .default("match-case")
    .describe("whether aliases that are English function words match only in their own writing, with a capital"),
  numbers: z.boolean().default(false).describe("whether aliases without a letter are used"),
  smoothing: z.number().min(0).default(0).describe("added to every candidate's weight before priors are made"),
  degreePower: z
    .number()
    .min(0)
    .default(0.5)
    .describe("entities without aliasWeights weigh (1 + degree) to this power"),
});

/** Options of {@link dictionary}. */
export type DictionaryOptions = z.infer<typeof options>;

const derivedFactor = 0.3;

/**
 * Links every alias of the graph that stands in a text, leftmost and longest, to its most likely entity. The prior of
 * an entity is its share of the alias's weight: counts where the graph brings them (`properties.aliasWeights`), else
 * (1 + degree)^degreePower times 1 for a label and 0.7 for an alias. The score of a candidate is its prior: this
 * linker does not look at the context.
 */
export const dictionary: LinkerDefinition<DictionaryOptions> = {
  name: "dictionary",
  summary: "Finds the graph's labels and aliases in text, longest first, and links each to its likeliest entity.",
  options,
  async create(chosen, resources) {
    const table = new TokenTable(chosen.accents === "match", await lemmaReader(chosen, resources));
    const { index, entityIds } = await buildIndex(chosen, resources, table);
    const finder = new MentionFinder(index, table, chosen.minLetters);
    const candidates = new CandidateLists(index, entityIds, chosen);
    return new DictionaryLinker(finder, candidates, chosen.minScore);
  },
};

class DictionaryLinker implements Linker {
  readonly name = "dictionary";
  readonly #finder: MentionFinder;
  readonly #candidates: CandidateLists;
  readonly #minScore: number;

  constructor(finder: MentionFinder, candidates: CandidateLists, minScore: number) {
    this.#finder = finder;
    this.#candidates = candidates;
    this.#minScore = minScore;
  }

  async link(text: string): Promise<readonly Mention[]> {
    const mentions: Mention[] = [];
    for (const { start, end, aliases } of this.#finder.find(text)) {
      const candidates = this.#candidates.of(aliases, text.slice(start, end));
      const best = candidates[0];
      if (best === undefined || best.score < this.#minScore) continue;
      mentions.push({ start, end, entity: best.entity, score: best.score, candidates });
    }
    return mentions;
  }
}

async function lemmaReader(
  { lemmatise, lemmaPartsOfSpeech }: DictionaryOptions,
  { lemmatizer }: LinkerResources,
): Promise<(word: string) => readonly string[]> {
  if (lemmatise === "none") return () => [];
  const loaded = await (lemmatizer ?? (() => loadMorphy({ partsOfSpeech: lemmaPartsOfSpeech })))();
  return (word) => lemmaPartsOfSpeech.flatMap((part) => loaded.lemmas(word, part));
}

/** Streams the graph's entities into an index; of an entity only its id stays. */
async function buildIndex(
  chosen: DictionaryOptions,
  { graph, progress }: LinkerResources,
  table: TokenTable,
): Promise<{ index: AliasIndex; entityIds: readonly string[] }> {
  const builder = new AliasIndexBuilder(table);
  const entityIds: string[] = [];
  const byDegree: boolean[] = [];
  const bar = progress.bar("aliases", (await graph.counts()).entities);
  for await (const entity of graph.entities()) {
    const { aliases, counted } = weightedAliases(entity, graph.source);
    for (const alias of aliases) addForms(builder, entityIds.length, alias, chosen);
    entityIds.push(entity.id);
    byDegree.push(!counted);
    if (entityIds.length % 5000 === 0) bar.update(entityIds.length);
  }
  if (entityIds.length === 0)
    throw new InputError({
      code: "linking.graph.empty",
      at: graph.source,
      problem: "has 0 entities",
      wanted: "Wanted at least one to link to",
      fix: "Check the graph's path, labels and filter",
    });
  const degrees = byDegree.includes(true) ? await countDegrees(graph, entityIds) : undefined;
  const index = builder.finish(ranksOf(entityIds), (entity) =>
    byDegree[entity] ? (1 + (degrees?.[entity] ?? 0)) ** chosen.degreePower : 1,
  );
  bar.end(`${index.offsets.length - 1} of ${entityIds.length} entities`);
  noteUnusable(index, progress);
  return { index, entityIds };
}

function addForms(
  builder: AliasIndexBuilder,
  entity: number,
  { alias, weight }: WeightedAlias,
  chosen: DictionaryOptions,
): void {
  const forms = [{ form: alias, factor: 1 }];
  if (chosen.derive) for (const form of derivedAliases(alias)) forms.push({ form, factor: derivedFactor });
  for (const { form, factor } of forms) {
    const usage = usageOf(form, chosen);
    if (usage !== "never")
      builder.add({ entity, alias: form, weight: weight * factor, exactWriting: usage === "exact" });
  }
}

/** One pass over the triples, as fits a graph behind a connection; a loop counts twice. */
async function countDegrees(graph: Graph, entityIds: readonly string[]): Promise<Int32Array> {
  const numbers = new Map(entityIds.map((id, number) => [id, number]));
  const degrees = new Int32Array(entityIds.length);
  for await (const { head, tail } of graph.triples())
    for (const id of [head, tail]) {
      const number = numbers.get(id);
      if (number !== undefined) degrees[number] = (degrees[number] as number) + 1;
    }
  return degrees;
}

function ranksOf(ids: readonly string[]): Int32Array {
  const order = Array.from(ids.keys()).sort((a, b) => byCodeUnit(ids[a] as string, ids[b] as string));
  const ranks = new Int32Array(ids.length);
  for (const [rank, number] of order.entries()) ranks[number] = rank;
  return ranks;
}

function noteUnusable({ unusable }: AliasIndex, progress: Progress): void {
  if (unusable > 0) progress.note(`${unusable} aliases are empty or longer than 200 words and cannot be found in text`);
}
