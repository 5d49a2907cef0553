import { z } from "zod";
import { type AlignedText, AlignedTextBuilder } from "./aligned-text.ts";
import { decompose, isControl, isIdeograph, isNonspacingMark, isWhitespace } from "./character-classes.ts";
import type { Normalizer } from "./components.ts";

export const bertNormalizerSchema = z.object({
  clean_text: z.boolean(),
  handle_chinese_chars: z.boolean(),
  strip_accents: z.boolean().nullish(),
  lowercase: z.boolean(),
});

/**
 * BERT's normalisation: cleans, sets ideographs apart, strips accents, lower-cases; each step optional.
 *
 * @source Rust `tokenizers` 0.23.2, normalizers/bert.rs. Differs: marks of unequal combining class that survive accent
 * stripping (a few of musical notation) are not reordered
 */
export function bertNormalizer(options: z.output<typeof bertNormalizerSchema>): Normalizer {
  const strip = options.strip_accents ?? options.lowercase;
  const finish = (character: string, codePoint: number): string => {
    const bare = strip ? withoutMarks(decompose(character, codePoint)) : character;
    return options.lowercase ? lowerEach(bare) : bare;
  };
  const rewrite = (codePoint: number): string => {
    if (options.clean_text) {
      if (codePoint === 0xfffd || isControl(codePoint)) return "";
      if (isWhitespace(codePoint)) return " ";
    }
    const finished = finish(String.fromCodePoint(codePoint), codePoint);
    return options.handle_chinese_chars && isIdeograph(codePoint) ? ` ${finished} ` : finished;
  };
  return { local: "ascii", normalize: (source) => mapCharacters(source, rewrite) };
}

/** Replaces each character by a string; all of it is aligned with the character. */
function mapCharacters(source: AlignedText, rewrite: (codePoint: number) => string): AlignedText {
  const { text, starts, ends } = source;
  const builder = new AlignedTextBuilder(text.length);
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    builder.push(rewrite(codePoint), starts[i] as number, ends[i] as number);
    i += codePoint > 0xffff ? 2 : 1;
  }
  return builder.done();
}

function withoutMarks(decomposed: string): string {
  let kept = "";
  for (const character of decomposed) if (!isNonspacingMark(character.codePointAt(0) as number)) kept += character;
  return kept;
}

/** Lower-cases without context: a final capital sigma becomes σ. */
function lowerEach(text: string): string {
  if (text.length === 1) return text.toLowerCase();
  let lower = "";
  for (const character of text) lower += character.toLowerCase();
  return lower;
}
