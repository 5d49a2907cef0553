import { zeroWidth } from "./fold.ts";

/** Scripts written without spaces: each character is a token, so that matches need no word boundary. */
const unspaced =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u{30fc}" +
  "\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const tokenAt = new RegExp(
  [
    `(?<space>\\p{White_Space}+)`,
    `[${unspaced}][\\p{M}${zeroWidth}]*`,
    `[[\\p{L}\\p{M}\\p{N}${zeroWidth}]--[${unspaced}\\u{2bc}]]+`,
    `\\p{RGI_Emoji}`,
    `[^][\\p{M}${zeroWidth}]*`,
  ].join("|"),
  "vy",
);

/** White space before a token. */
export const spaceBefore = 1;
/** An empty line before a token: no mention goes across it. */
export const breakBefore = 2;

const emptyLine = /\n[^\S\n]*\n|\r\r|\u2029/;

const space = 1;
const wordUnit = 2;
/** 0 a sign of its own. */
const asciiKind = Uint8Array.from({ length: 128 }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (/[\t-\r ]/.test(character)) return space;
  return /[0-9A-Za-z]/.test(character) ? wordUnit : 0;
});

/**
 * Cuts text into tokens: words (letters, marks and digits), single characters of scripts without spaces, and single
 * signs. A token never ends inside a character that people see as one. Buffers are used again at every scan.
 */
export class TokenScanner {
  count = 0;
  /** UTF-16 units, half-open. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** What stands before the token: 0 nothing, {@link spaceBefore}, or {@link breakBefore}. */
  gaps = new Uint8Array(64);

  scan(text: string): void {
    this.count = 0;
    let gap = 0;
    for (let i = 0; i < text.length; ) {
      const end = asciiEnd(text, i);
      const kind = end > i ? asciiKind[text.charCodeAt(i)] : this.#match(text, i);
      const next = end > i ? end : tokenAt.lastIndex;
      if (kind === space) gap = Math.max(gap, gapOf(text, i, next));
      else {
        this.#push(i, next, gap);
        gap = 0;
      }
      i = next;
    }
  }

  #match(text: string, from: number): number {
    tokenAt.lastIndex = from;
    const found = tokenAt.exec(text) as RegExpExecArray;
    return found.groups?.space === undefined ? wordUnit : space;
  }

  #push(start: number, end: number, gap: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.gaps[this.count++] = gap;
  }

  #grow(): void {
    const { starts, ends, gaps } = this;
    this.starts = new Int32Array(2 * starts.length);
    this.ends = new Int32Array(2 * starts.length);
    this.gaps = new Uint8Array(2 * starts.length);
    this.starts.set(starts);
    this.ends.set(ends);
    this.gaps.set(gaps);
  }
}

function gapOf(text: string, start: number, end: number): number {
  return end > start + 1 && emptyLine.test(text.slice(start, end)) ? breakBefore : spaceBefore;
}

/** Where a token or white space of ASCII ends; `start` itself where other characters have a part in it. */
function asciiEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  if (unit > 127) return start;
  const kind = asciiKind[unit];
  let end = start + 1;
  let next = text.charCodeAt(end);
  if (kind !== 0) while (next < 128 && asciiKind[next] === kind) next = text.charCodeAt(++end);
  return next > 127 && kind !== space ? start : end;
}
