import { z } from "zod";
import { AlignedText, AlignedTextBuilder } from "./aligned-text.ts";
import type { PreTokenizer } from "./components.ts";

export const byteLevelSchema = z.object({
  add_prefix_space: z.boolean(),
  trim_offsets: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

/** Contractions; letters, numbers, or other signs with a space before them; white space but for a word's own space. */
const gpt2Words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The printable character that stands for each byte: itself where it is printable, else the next from U+0100. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const utf8 = new TextEncoder();

/**
 * Splits text by GPT-2's pattern and writes each word as the characters that stand for its UTF-8 bytes.
 *
 * @source Rust `tokenizers` 0.23.2, pre_tokenizers/byte_level.rs. Differs: letters and numbers are those of Node's
 * Unicode tables
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

/** Puts a space before text that starts with none; it belongs to the first character. */
function withPrefixSpace(source: AlignedText): AlignedText {
  if (source.text === "" || source.text.startsWith(" ")) return source;
  const before = (values: Int32Array) => Int32Array.of(values[0] as number, ...values);
  return new AlignedText(` ${source.text}`, before(source.starts), before(source.ends));
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
