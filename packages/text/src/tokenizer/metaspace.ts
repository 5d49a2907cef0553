import { z } from "zod";
import type { AlignedText } from "./aligned-text.ts";
import { withPrefix } from "./aligned-text.ts";
import { isWhitespace } from "./character-classes.ts";
import type { PreTokenizer } from "./components.ts";
import { replaceMatches } from "./normalizers.ts";

export const metaspaceSchema = z
  .object({
    replacement: z.string().length(1).default("▁"),
    prepend_scheme: z.enum(["always", "first", "never"]).optional(),
    /** Old files: whether it is always prepended. */
    add_prefix_space: z.boolean().optional(),
    split: z.boolean().default(true),
  })
  .transform(({ prepend_scheme, add_prefix_space = true, ...rest }) => ({
    ...rest,
    prepend: prepend_scheme ?? (add_prefix_space ? ("always" as const) : ("never" as const)),
  }));

/**
 * Writes spaces as a visible sign, puts one before the text and splits before each.
 *
 * @source Rust `tokenizers` 0.23.2, pre_tokenizers/metaspace.rs
 */
export function metaspace({ replacement, prepend, split }: z.output<typeof metaspaceSchema>): PreTokenizer {
  const prefixed = (source: AlignedText, offset: number): AlignedText => {
    const wanted = prepend === "always" || (prepend === "first" && (source.starts[0] as number) + offset === 0);
    return wanted && !source.text.startsWith(replacement) ? withPrefix(source, replacement) : source;
  };
  return {
    split: (source, offset) => {
      if (source.text === "") return [];
      const signed = prefixed(replaceMatches(source, / /g, replacement), offset);
      return split ? splitBefore(signed, replacement) : [signed];
    },
    cut: split && prepend !== "first" ? cutBetweenWords : undefined,
    cutsWords: true,
  };
}

function splitBefore(source: AlignedText, sign: string): AlignedText[] {
  const words: AlignedText[] = [];
  for (let start = 0; start < source.text.length; ) {
    const next = source.text.indexOf(sign, start + 1);
    const end = next === -1 ? source.text.length : next;
    words.push(source.slice(start, end));
    start = end;
  }
  return words;
}

/** Splits at white space, which is dropped. */
export const whitespaceSplit: PreTokenizer = {
  split: (source) => {
    const { text } = source;
    const words: AlignedText[] = [];
    for (let i = 0, start = 0; i <= text.length; i++) {
      if (i < text.length && !isWhitespace(text.charCodeAt(i))) continue;
      if (i > start) words.push(source.slice(start, i));
      start = i + 1;
    }
    return words;
  },
  cut: cutBetweenWords,
  cutsWords: true,
};

/** Each splits what the one before it made. */
export function preTokenizerSequence(preTokenizers: readonly PreTokenizer[]): PreTokenizer {
  const apart = preTokenizers.every(({ cut, cutsWords }) => cut !== undefined && cutsWords);
  return {
    split: (source, offset) =>
      preTokenizers.reduce<readonly AlignedText[]>(
        (words, preTokenizer) => words.flatMap((word) => preTokenizer.split(word, offset)),
        [source],
      ),
    cut: apart ? cutBetweenWords : undefined,
    cutsWords: true,
  };
}

/** Spaces between characters of which none joins, or becomes, a space: there every normaliser of words may be cut. */
const wordBoundary = /(?<=[!-~\p{Lu}\p{Ll}\p{Lo}\p{Nd}]) +(?=[!-~\p{Lu}\p{Ll}\p{Lo}\p{Nd}])/gu;

/** Where a text begins with a character that is dropped, the library's offsets are shifted to the text's end. */
const plainStart = /^[ !-~\p{Lu}\p{Ll}\p{Lo}\p{Nd}]/u;

/** A range begins with the spaces before its word. */
function cutBetweenWords(text: string, visit: (start: number, end: number) => void): void {
  let start = 0;
  if (plainStart.test(text))
    for (const { index } of text.matchAll(wordBoundary)) {
      visit(start, index);
      start = index;
    }
  if (start < text.length) visit(start, text.length);
}
