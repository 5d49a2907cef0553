import { InputError } from "@kgraft/runtime";
import { specialPieces, wordPieceFile } from "../tokenizer/word-piece-file.ts";
import { mergeWords } from "./merge-words.ts";
import { countWords } from "./word-counts.ts";

/** How {@link trainWordPiece} makes a vocabulary. */
export interface TrainWordPieceOptions {
  /** Most pieces, special ones included. */
  readonly vocabularySize: number;
  /** Default true; accents are stripped with it. */
  readonly lowercase?: boolean;
  /** How often a pair of pieces must stand in the corpus to become one. Default 2. */
  readonly minFrequency?: number;
  /** Most characters of the alphabet, the most frequent ones. Default 1000. */
  readonly alphabetSize?: number;
}

/**
 * Trains a WordPiece vocabulary on texts; the same texts in any order give the same one.
 *
 * @returns the content of a tokenizer.json for `loadTokenizer`
 * @throws InputError `text.vocabulary` where the texts hold no word, or the size has no room for the alphabet
 * @source Rust `tokenizers` 0.23.2, models/bpe/trainer.rs, by which its WordPieceTrainer goes: pairs are joined by
 * frequency. Differs: characters inside words have ids in their order, so that ties fall alike on every run
 */
export async function trainWordPiece(
  texts: AsyncIterable<string> | Iterable<string>,
  { vocabularySize, lowercase = true, minFrequency = 2, alphabetSize = 1000 }: TrainWordPieceOptions,
): Promise<string> {
  const counts = await countWords(texts, lowercase);
  const alphabet = alphabetOf(counts, alphabetSize);
  const inside = charactersInside(counts);
  const pieces = [...specialPieces, ...alphabet, ...alphabet.filter((c) => inside.has(c)).map((c) => `##${c}`)];
  if (alphabet.length === 0) throw unfit("the texts hold no word", "Wanted text to learn a vocabulary from");
  if (pieces.length > vocabularySize)
    throw unfit(
      `special pieces and the alphabet, at the start of words and inside, are ${pieces.length}, and the size is ${vocabularySize}`,
      "Wanted room for all of them",
      "Raise the size, or lower the alphabet's",
    );
  mergeWords(pieces, new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1))), vocabularySize, minFrequency);
  return wordPieceFile(pieces, { lowercase });
}

/** The most frequent characters, in the order of their code points. */
function alphabetOf(counts: ReadonlyMap<string, number>, size: number): string[] {
  const seen = new Map<string, number>();
  for (const [word, count] of counts)
    for (const character of word) seen.set(character, (seen.get(character) ?? 0) + count);
  const byCodePoint = (a: string, b: string) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number);
  const frequent = [...seen].sort(([a, n], [b, m]) => m - n || byCodePoint(a, b)).slice(0, size);
  return frequent.map(([character]) => character).sort(byCodePoint);
}

/** Characters that stand anywhere in a word but at its start. */
function charactersInside(counts: ReadonlyMap<string, number>): Set<string> {
  const inside = new Set<string>();
  for (const word of counts.keys()) for (const character of [...word].slice(1)) inside.add(character);
  return inside;
}

function unfit(problem: string, wanted: string, fix?: string): InputError {
  return new InputError({ code: "text.vocabulary", at: "text.trainWordPiece", problem, wanted, fix });
}
