import type { Relation } from "../graph.ts";

/**
 * WordNet's pointers as relations, by our id: its symbols and the words to read a triple aloud. Where WordNet writes
 * both directions of a pair (hypernym and hyponym, meronym and holonym, domain and member), one direction is the
 * relation and the other is passed over.
 *
 * @source WordNet's wninput(5WN), pointer symbols
 */
const relationWords = {
  hypernym: "is a kind of",
  instance: "is an instance of",
  "member-meronym": "has member",
  "substance-meronym": "has substance",
  "part-meronym": "has part",
  entailment: "entails",
  cause: "causes",
  derivation: "is derivationally related to",
  "domain-topic": "belongs to the topic",
  "domain-region": "is used in the region",
  "domain-usage": "has the usage",
  antonym: "is the opposite of",
  attribute: "is an attribute of",
  "also-see": "see also",
  "verb-group": "is in one verb group with",
  similar: "is similar to",
  participle: "is a participle of",
  pertainym: "pertains to",
} as const;

/** Id of a relation between synsets. */
export type WordnetRelation = keyof typeof relationWords;

/** All ids, in the order in which the graph lists its relations. */
export const wordnetRelations = Object.keys(relationWords) as [WordnetRelation, ...WordnetRelation[]];

/** Gives a relation its words. */
export function describeRelation(id: WordnetRelation): Relation {
  return { id, label: relationWords[id] };
}

/** Symbol of a pointer to its relation; undefined for the other half of a pair. */
export const pointerRelations: ReadonlyMap<string, WordnetRelation | undefined> = new Map([
  ["@", "hypernym"],
  ["@i", "instance"],
  ["%m", "member-meronym"],
  ["%s", "substance-meronym"],
  ["%p", "part-meronym"],
  ["*", "entailment"],
  [">", "cause"],
  ["+", "derivation"],
  [";c", "domain-topic"],
  [";r", "domain-region"],
  [";u", "domain-usage"],
  ["!", "antonym"],
  ["=", "attribute"],
  ["^", "also-see"],
  ["$", "verb-group"],
  ["&", "similar"],
  ["<", "participle"],
  ["\\", "pertainym"],
  ["~", undefined],
  ["~i", undefined],
  ["#m", undefined],
  ["#s", undefined],
  ["#p", undefined],
  ["-c", undefined],
  ["-r", undefined],
  ["-u", undefined],
] as [string, WordnetRelation | undefined][]);
