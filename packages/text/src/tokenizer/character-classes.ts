import {
  markRanges,
  nonspacingMarkRanges,
  otherRanges,
  punctuationRanges,
  undecomposedRanges,
} from "./unicode-ranges.ts";

/** Reads a list of ranges into flat [first, last, first, last, …] numbers. */
function decode(list: string): Int32Array {
  const numbers = list.split(" ").map((digits) => Number.parseInt(digits, 36));
  const ranges = new Int32Array(numbers.length);
  let end = 128;
  for (let i = 0; i < numbers.length; i += 2) {
    ranges[i] = end + (numbers[i] as number);
    end = (ranges[i] as number) + (numbers[i + 1] as number);
    ranges[i + 1] = end;
  }
  return ranges;
}

function within(ranges: Int32Array, codePoint: number): boolean {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[2 * middle + 1] as number) < codePoint) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length / 2 && (ranges[2 * low] as number) <= codePoint;
}

const other = decode(otherRanges);
const nonspacingMark = decode(nonspacingMarkRanges);
const punctuation = decode(punctuationRanges);
const mark = decode(markRanges);
const undecomposed = decode(undecomposedRanges);

/** Unicode's White_Space. */
export function isWhitespace(codePoint: number): boolean {
  if (codePoint < 128) return codePoint === 32 || (codePoint >= 9 && codePoint <= 13);
  return (
    codePoint === 0x85 ||
    codePoint === 0xa0 ||
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  );
}

/** Control (other than tab, newline, carriage return), format and private-use characters. */
export function isControl(codePoint: number): boolean {
  if (codePoint >= 128) return within(other, codePoint);
  if (codePoint === 9 || codePoint === 10 || codePoint === 13) return false;
  return codePoint < 32 || codePoint === 127;
}

/** Category Mn. */
export function isNonspacingMark(codePoint: number): boolean {
  return codePoint >= 0x300 && within(nonspacingMark, codePoint);
}

/** ASCII punctuation and symbols, or category P. */
export function isPunctuation(codePoint: number): boolean {
  if (codePoint >= 128) return within(punctuation, codePoint);
  return (
    (codePoint >= 33 && codePoint <= 47) ||
    (codePoint >= 58 && codePoint <= 64) ||
    (codePoint >= 91 && codePoint <= 96) ||
    (codePoint >= 123 && codePoint <= 126)
  );
}

/** The ideographs that BERT sets apart by spaces. Kana and Hangul are not among them. */
export function isIdeograph(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2b81f) ||
    (codePoint >= 0x2b920 && codePoint <= 0x2ceaf) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  );
}

/** The canonical decomposition of one character. */
export function decompose(character: string, codePoint: number): string {
  return codePoint < 0xc0 || within(undecomposed, codePoint) ? character : character.normalize("NFD");
}

/** The canonical and compatibility decomposition of one character. */
export function decomposeCompatibly(character: string, codePoint: number): string {
  return codePoint < 0xa0 || within(undecomposed, codePoint) ? character : character.normalize("NFKD");
}

/** Combining marks of all kinds. */
export function isMark(codePoint: number): boolean {
  return codePoint >= 0x300 && within(mark, codePoint);
}
