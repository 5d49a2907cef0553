/** Converts offsets of one text between code points (files) and UTF-16 units (inside). */
export interface OffsetTable {
  /** Length of the text in code points. */
  readonly codePoints: number;
  /** @param codePoint 0 … codePoints */
  toUnits(codePoint: number): number;
  /** @param unit 0 … text.length, not inside a surrogate pair */
  toCodePoints(unit: number): number;
  /** Whether a unit offset falls between the halves of a surrogate pair. */
  insidePair(unit: number): boolean;
}

const pair = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Builds the table of a text; a lone surrogate counts as one code point, as in Python. */
export function offsetTable(text: string): OffsetTable {
  // Unit offset of the second half of each pair, ascending.
  const halves = Array.from(text.matchAll(pair), (match) => match.index + 1);
  return {
    codePoints: text.length - halves.length,
    toUnits: (codePoint) => codePoint + countBefore(halves.length, (i) => (halves[i] as number) - i <= codePoint),
    toCodePoints: (unit) => unit - countBefore(halves.length, (i) => (halves[i] as number) < unit),
    insidePair: (unit) => {
      const before = countBefore(halves.length, (i) => (halves[i] as number) < unit);
      return halves[before] === unit;
    },
  };
}

/** How many of the first entries satisfy a condition that holds for a prefix of them. */
function countBefore(count: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
