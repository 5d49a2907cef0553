import { z } from "zod";
import type { Model } from "./components.ts";
import { vocabularySchema } from "./vocabulary.ts";

export const wordPieceSchema = z.object({
  vocab: vocabularySchema,
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.int().positive().default(100),
});

/**
 * Cuts a word by the longest piece that matches, again and again; a word that cannot be cut, or is longer than the
 * limit in code points, is one unknown token as a whole.
 *
 * @source Rust `tokenizers` 0.23.2, models/wordpiece
 */
export function wordPiece(options: z.output<typeof wordPieceSchema>): Model {
  const vocabulary = options.vocab;
  const prefix = options.continuing_subword_prefix;
  const continuing = new Map<string, number>();
  let longest = 0;
  for (const [piece, id] of vocabulary) {
    longest = Math.max(longest, piece.length);
    if (piece.startsWith(prefix)) continuing.set(piece.slice(prefix.length), id);
  }
  const unknown = vocabulary.get(options.unk_token) as number;
  const limit = options.max_input_chars_per_word;
  return {
    vocabulary,
    unknownToken: options.unk_token,
    tokenize: (word) =>
      (exceeds(word, limit) ? undefined : cut(word, vocabulary, continuing, longest)) ?? [unknown, 0, word.length],
  };
}

function cut(
  word: string,
  first: ReadonlyMap<string, number>,
  continuing: ReadonlyMap<string, number>,
  longest: number,
): number[] | undefined {
  const pieces: number[] = [];
  for (let start = 0; start < word.length; ) {
    const known = start === 0 ? first : continuing;
    let end = Math.min(word.length, start + longest);
    let id = known.get(word.slice(start, end));
    while (id === undefined && --end > start) id = known.get(word.slice(start, end));
    if (id === undefined) return undefined;
    pieces.push(id, start, end);
    start = end;
  }
  return pieces;
}

function exceeds(word: string, codePoints: number): boolean {
  if (word.length <= codePoints) return false;
  if (word.length > 2 * codePoints) return true;
  let count = 0;
  for (const _ of word) count++;
  return count > codePoints;
}
