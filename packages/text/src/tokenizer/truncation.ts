import { InputError } from "@kgraft/runtime";
import type { EncodeOptions } from "../encoding.ts";
import type { PieceRange } from "./assembly.ts";

/**
 * How many pieces of each sequence stay within a limit.
 *
 * @param added special tokens, which always stay
 * @throws InputError `text.encode.maxLength` where there is no room for what must stay
 */
export function fit(lengths: readonly number[], added: number, options: EncodeOptions): number[] {
  const { maxLength, truncation = "longest-first" } = options;
  if (maxLength === undefined) return [...lengths];
  const room = maxLength - added;
  if (!(room >= 0)) throw tooShort(maxLength, `the special tokens alone take ${added}`, added);
  const [first = 0, second] = lengths;
  if (second === undefined) return [Math.min(first, room)];
  if (first + second <= room) return [first, second];
  if (truncation === "longest-first") return longestFirst(first, second, room);
  const [whole, which] = truncation === "only-first" ? [second, "second"] : [first, "first"];
  if (whole >= room)
    throw tooShort(
      maxLength,
      `the ${which} text, which is not to be cut, and the special tokens take ${whole + added}`,
      whole + added + 1,
    );
  return truncation === "only-first" ? [room - second, second] : [first, room - first];
}

function tooShort(maxLength: number, taken: string, least: number): InputError {
  return new InputError({
    code: "text.encode.maxLength",
    at: "text.encode",
    problem: `maxLength is ${maxLength}, and ${taken}`,
    wanted: `Wanted at least ${least}`,
  });
}

/**
 * Overlapping windows over pieces, each as long as there is room but the last.
 *
 * @throws InputError `text.windows` where the stride leaves nothing new for a window
 * @source Rust `tokenizers` 0.23.2, tokenizer/encoding.rs, `truncate`
 */
export function windowRanges(length: number, room: number, stride: number): PieceRange[] {
  if (length <= room) return [{ from: 0, to: length }];
  if (!(Number.isInteger(stride) && stride >= 0 && stride < room))
    throw new InputError({
      code: "text.windows",
      at: "text.windows",
      problem: `stride is ${stride}, and a window has room for ${Math.max(0, room)} pieces of the text`,
      wanted: "Wanted a whole number from 0 on, below that room",
      fix: "Raise maxLength, or lower stride",
    });
  const ranges: PieceRange[] = [];
  for (let from = 0; ranges.at(-1)?.to !== length; from += room - stride)
    ranges.push({ from, to: Math.min(length, from + room) });
  return ranges;
}

/**
 * How many pieces of each sequence stay when both must fit into `room`: the longer gives way first.
 *
 * @source Rust `tokenizers` 0.23.2, utils/truncation.rs, `longest_first` (a closed form, not one piece at a time)
 */
function longestFirst(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  let short = Math.min(first, second);
  let long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}
