import { InputError } from "@kgraft/runtime";
import { readDictionaryLines } from "./dictionary-folder.ts";
import { letterOf, type PartOfSpeech } from "./parts-of-speech.ts";

/** What `index.sense` says of one lemma in one synset. */
export interface Sense {
  /** 1 is the lemma's first sense within its part of speech. */
  readonly number: number;
  /** How often the sense was tagged in semantically annotated text. */
  readonly tagCount: number;
}

/** The senses of `index.sense` by lemma and synset. */
export class SenseIndex {
  readonly #senses = new Map<string, Sense>();

  /** Of two spellings of one lemma in one synset (Earth, earth) the more frequent sense stays. */
  add(lemma: string, synset: string, sense: Sense): void {
    const key = keyOf(lemma, synset);
    const known = this.#senses.get(key);
    if (known === undefined || known.number > sense.number) this.#senses.set(key, sense);
  }

  /** The sense of a lemma in a synset; undefined where the index has none. */
  find(lemma: string, synset: string): Sense | undefined {
    return this.#senses.get(keyOf(lemma, synset));
  }
}

function keyOf(lemma: string, synset: string): string {
  return `${lemma.toLowerCase().replaceAll(" ", "_")} ${synset}`;
}

/**
 * Reads `index.sense`, for the given parts of speech.
 *
 * @throws InputError `kg.wordnet.sense` with `file:line`
 */
export async function readSenseIndex(folder: string, parts: readonly PartOfSpeech[]): Promise<SenseIndex> {
  const letters = new Set(parts.map((part) => letterOf[part]));
  const senses = new SenseIndex();
  for await (const { text, at } of readDictionaryLines(folder, "index.sense")) {
    const match = /^(\S+)%([1-5]):\S* (\d{8}) (\d+) (\d+)$/.exec(text.trimEnd());
    if (match === null)
      throw new InputError({
        code: "kg.wordnet.sense",
        at,
        problem: `"${text.slice(0, 60)}" is no sense`,
        wanted: "Wanted a line of WordNet 3's index.sense: sense key, offset, sense number, tag count",
        fix: "Check that the folder holds WordNet's own database files",
      });
    const [, lemma = "", type, offset, number, tagCount] = match;
    const letter = letterOfType[Number(type) - 1] as string;
    if (letters.has(letter))
      senses.add(lemma, `${offset}-${letter}`, { number: Number(number), tagCount: Number(tagCount) });
  }
  return senses;
}

/** Letters of the synset types 1 noun, 2 verb, 3 adjective, 4 adverb, 5 satellite adjective. */
const letterOfType = "nvara";

/**
 * The weight of an alias for the linker's prior: tag count + 1 / (1 + sense number).
 *
 * The fraction is at most a half, so it never changes the order of counts; among senses of equal count (mostly 0) it
 * follows WordNet's sense order, and no sense has weight 0.
 */
export function aliasWeight({ number, tagCount }: Sense): number {
  return tagCount + 1 / (1 + number);
}
