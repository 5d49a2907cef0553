import { z } from "zod";
import { type AlignedText, AlignedTextBuilder, withPrefix } from "./aligned-text.ts";
import type { PreTokenizer } from "./components.ts";

export const byteLevelSchema = z.object({
  add_prefix_space: z.boolean(),
  trim_offsets: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

/** Letters and digits assigned after the library's tables (Unicode 16) were made: to it they are other signs. */
const newer =
  "\\u{88f}\\u{c5c}\\u{cdc}\\u{a7ce}-\\u{a7cf}\\u{a7d2}\\u{a7d4}\\u{a7f1}\\u{10940}-\\u{10959}" +
  "\\u{10ec5}-\\u{10ec7}\\u{11db0}-\\u{11ddb}\\u{16ea0}-\\u{16eb8}\\u{16ebb}-\\u{16ed3}" +
  "\\u{16ff2}-\\u{16ff3}\\u{187f8}-\\u{187ff}\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}" +
  "\\u{1e6c0}-\\u{1e6de}\\u{1e6e0}-\\u{1e6e2}\\u{1e6e4}-\\u{1e6e5}\\u{1e6e7}-\\u{1e6ed}" +
  "\\u{1e6f0}-\\u{1e6f4}\\u{1e6fe}-\\u{1e6ff}\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}" +
  "\\u{323b0}-\\u{33479}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}";
const letter = `[\\p{L}--[${newer}]]`;
const digit = `[\\p{N}--[${newer}]]`;
const sign = `[[^\\p{White_Space}\\p{L}\\p{N}]${newer}]`;
const space = "\\p{White_Space}";

/** Contractions; letters, numbers, or other signs with a space before them; white space but for a word's own space. */
const gpt2Words = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?${letter}+| ?${digit}+| ?${sign}+|${space}+(?!${space.replace("p", "P")})|${space}+`,
  "gv",
);

/** The printable character that stands for each byte: itself where it is printable, else the next from U+0100. */
const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const utf8 = new TextEncoder();

/**
 * Splits text by GPT-2's pattern and writes each word as the characters that stand for its UTF-8 bytes.
 *
 * @source Rust `tokenizers` 0.23.2, pre_tokenizers/byte_level.rs, whose pattern is GPT-2's
 */
export function byteLevel(options: z.output<typeof byteLevelSchema>): PreTokenizer {
  const split = (source: AlignedText): AlignedText[] => {
    const spaced = options.add_prefix_space ? withPrefixSpace(source) : source;
    return wordsOf(spaced, options.use_regex).map(toBytes);
  };
  return { split, cut: options.add_prefix_space || !options.use_regex ? undefined : cut };
}

function cut(text: string, visit: (start: number, end: number) => void): void {
  for (const match of text.matchAll(gpt2Words)) visit(match.index, match.index + match[0].length);
}

function wordsOf(source: AlignedText, byPattern: boolean): AlignedText[] {
  if (!byPattern) return source.text === "" ? [] : [source];
  return Array.from(source.text.matchAll(gpt2Words), (match) =>
    source.slice(match.index, match.index + match[0].length),
  );
}

function withPrefixSpace(source: AlignedText): AlignedText {
  return source.text === "" || source.text.startsWith(" ") ? source : withPrefix(source, " ");
}

function toBytes(word: AlignedText): AlignedText {
  const builder = new AlignedTextBuilder(word.text.length);
  for (let i = 0; i < word.text.length; ) {
    const codePoint = word.text.codePointAt(i) as number;
    builder.push(bytesOf(codePoint), word.starts[i] as number, word.ends[i] as number);
    i += codePoint > 0xffff ? 2 : 1;
  }
  return builder.done();
}

function bytesOf(codePoint: number): string {
  if (codePoint < 128) return byteCharacters[codePoint] as string;
  let characters = "";
  for (const byte of utf8.encode(String.fromCodePoint(codePoint))) characters += byteCharacters[byte];
  return characters;
}
