import { InputError } from "@kgraft/runtime";
import type { KgBertOptions } from "./options.ts";

/**
 * Says how many pieces of each part stay when all must fit into `room`; what is cut, is cut from the end of a part.
 *
 * @param lengths pieces of head, relation and tail, or of head and tail
 * @param at the example, for errors
 * @throws InputError `fusion.kg-bert.truncation` where a part that has pieces would lose all of them
 * @source official: `_truncate_seq_triple` and `_truncate_seq_pair` of KG-BERT's scripts, where the tail gives way in every
 * tie and runs out where relation or head are long
 */
export function cutParts(
  lengths: readonly number[],
  room: number,
  truncation: KgBertOptions["truncation"],
  at: string,
): readonly number[] {
  const left = [...lengths];
  let surplus = left.reduce((sum, length) => sum + length, 0) - room;
  for (; surplus > 0; surplus--) {
    const part = truncation === "official" ? officialLoser(left) : left.lastIndexOf(Math.max(...left));
    const pieces = left[part] as number;
    if (pieces <= 1) throw emptied(lengths, room, truncation, at);
    left[part] = pieces - 1;
  }
  return left;
}

/** The part that is strictly the longest, else the last. */
function officialLoser(lengths: readonly number[]): number {
  const longest = Math.max(...lengths);
  const first = lengths.indexOf(longest);
  return first === lengths.lastIndexOf(longest) ? first : lengths.length - 1;
}

function emptied(lengths: readonly number[], room: number, truncation: string, at: string): InputError {
  return new InputError({
    code: "fusion.kg-bert.truncation",
    at,
    problem: `parts of ${lengths.join(", ")} pieces cannot be cut to ${room} in all without emptying one`,
    wanted: "Wanted at least a piece of each part",
    fix: truncation === "official" ? "Raise maxLength, or set truncation: balanced" : "Raise maxLength",
  });
}
