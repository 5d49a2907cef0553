import { z } from "zod";
import type { AlignedText } from "./aligned-text.ts";
import { isWhitespace } from "./character-classes.ts";

export const addedTokenSchema = z.object({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(false),
});

/** A piece that is found in the text before anything else is done to it. */
export type AddedToken = z.output<typeof addedTokenSchema>;

/** A part of a text: an added token, or what stands between two of them. */
export interface Part {
  readonly start: number;
  readonly end: number;
  readonly token: AddedToken | undefined;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds added tokens in text, leftmost and then longest, by letter.
 *
 * @source Rust `tokenizers` 0.23.2, tokenizer/added_vocabulary.rs
 */
export class AddedTokenFinder {
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #pattern: RegExp | undefined;

  /** @param contents the tokens by the form in which they stand in the text */
  constructor(contents: ReadonlyMap<string, AddedToken>) {
    this.#byContent = contents;
    const longestFirst = [...contents.keys()].sort((a, b) => b.length - a.length);
    const escaped = longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.#pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join("|"), "g");
  }

  /** Whether there is nothing to find. */
  get empty(): boolean {
    return this.#pattern === undefined;
  }

  /** Cuts a text into parts that cover it; none of them is empty. */
  cut(text: string): Part[] {
    if (this.#pattern === undefined) return text === "" ? [] : [{ start: 0, end: text.length, token: undefined }];
    const parts: Part[] = [];
    let done = 0;
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#byContent.get(match[0]) as AddedToken;
      const found = extent(text, match.index, match.index + match[0].length, token, done);
      if (found === undefined) continue;
      if (done < found.start) parts.push({ start: done, end: found.start, token: undefined });
      parts.push({ ...found, token });
      done = found.end;
    }
    if (done < text.length) parts.push({ start: done, end: text.length, token: undefined });
    return parts;
  }

  /** The same on normalised text. */
  cutAligned(text: AlignedText): (Part & { readonly text: AlignedText })[] {
    return this.cut(text.text).map((part) => ({ ...part, text: text.slice(part.start, part.end) }));
  }
}

/** The range a token takes, with the white space that it strips; undefined inside a word where it must not be. */
function extent(
  text: string,
  start: number,
  end: number,
  token: AddedToken,
  done: number,
): { start: number; end: number } | undefined {
  const inWord = () =>
    wordBefore.test(text.slice(Math.max(0, start - 2), start)) || wordAfter.test(text.slice(end, end + 2));
  if (token.single_word && inWord()) return undefined;
  let [from, to] = [start, end];
  if (token.lstrip) while (from > done && isWhitespace(text.charCodeAt(from - 1))) from--;
  if (token.rstrip) while (to < text.length && isWhitespace(text.charCodeAt(to))) to++;
  return { start: from, end: to };
}
