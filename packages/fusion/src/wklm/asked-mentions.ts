import type { Encoding, TextExample, Tokenizer } from "@kgraft/text";
import type { PreparedExample } from "../contract.ts";
import { addCount, type MentionPieces, placeMentions } from "../mention-pieces.ts";
import type { WklmOptions } from "./options.ts";

/** A mention that is asked about: was it in the text from the first? */
export interface AskedMention {
  readonly first: number;
  /** The piece before the first one of the mention, and the piece behind its last. */
  readonly boundary: readonly [before: number, behind: number];
  readonly original: boolean;
}

/**
 * Finds the pieces that tell whether each mention is the original, and protects its own from masking. `[CLS]` and `[SEP]`
 * may be a boundary; pieces that another strategy put in may not.
 *
 * Counts those of {@link placeMentions}, and `mentionsShortened`, which end behind the length limit: nothing is asked about
 * them, since what follows them is not there.
 *
 * @source Official code: `masks[offset - 1] = -1`, `masks[offset + length] = -2`; positions inside mentions are not masked
 */
export function askedMentions(
  example: TextExample,
  encoding: Encoding,
  tokenizer: Tokenizer,
  { maskMentions }: Pick<WklmOptions, "maskMentions">,
): PreparedExample<readonly AskedMention[]> {
  const { placed, counts } = placeMentions(example.mentions ?? [], encoding);
  const asked = placed.filter(({ shortened }) => !shortened);
  addCount(counts, "mentionsShortened", placed.length - asked.length);
  const own = new Set(maskMentions ? [] : placed.flatMap(({ pieces }) => pieces));
  return {
    encoding,
    counts,
    protectedPieces: [...own].sort((a, b) => a - b),
    knowledge: asked.map(({ mention, pieces }) => ({
      first: pieces[0],
      boundary: boundary(pieces, encoding, tokenizer),
      original: mention.replaces === undefined,
    })),
  };
}

function boundary(
  pieces: MentionPieces["pieces"],
  { ids, sequenceIds }: Encoding,
  { specialIds }: Tokenizer,
): AskedMention["boundary"] {
  const putIn = (piece: number) => sequenceIds[piece] === -1 && !specialIds.has(ids[piece] as number);
  let before = pieces[0] - 1;
  while (putIn(before)) before--;
  let behind = (pieces.at(-1) as number) + 1;
  while (putIn(behind)) behind++;
  return [before, behind];
}
