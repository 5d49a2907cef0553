import type { AlignedText } from "./aligned-text.ts";
import { isPunctuation, isWhitespace } from "./character-classes.ts";
import type { PreTokenizer } from "./components.ts";

const inWord = 0;
const dropped = 1;
const alone = 2;

/** How an ASCII unit is split whatever stands around it; controls stay in their word for the normaliser to drop. */
const asciiClass = Uint8Array.from({ length: 128 }, (_, unit) => {
  if (unit === 32 || unit === 9 || unit === 10 || unit === 13) return dropped;
  return isPunctuation(unit) ? alone : inWord;
});

/**
 * Splits at white space and makes each punctuation character a word of its own.
 *
 * @source Rust `tokenizers` 0.23.2, pre_tokenizers/bert.rs
 */
export const bertPreTokenizer: PreTokenizer = { split, cut };

function split(source: AlignedText): AlignedText[] {
  const { text } = source;
  const words: AlignedText[] = [];
  let start = 0;
  const close = (end: number): void => {
    if (end > start) words.push(source.slice(start, end));
  };
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) as number;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    if (isWhitespace(codePoint)) {
      close(i);
      start = next;
    } else if (isPunctuation(codePoint)) {
      close(i);
      words.push(source.slice(i, next));
      start = next;
    }
    i = next;
  }
  close(text.length);
  return words;
}

function cut(text: string, visit: (start: number, end: number) => void): void {
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const kind = unit < 128 ? asciiClass[unit] : inWord;
    if (kind === inWord) continue;
    if (i > start) visit(start, i);
    if (kind === alone) visit(i, i + 1);
    start = i + 1;
  }
  if (text.length > start) visit(start, text.length);
}
