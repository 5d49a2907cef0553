import type { Encoding, Mention } from "@kgraft/text";
import type { PreparedExample } from "../contract.ts";
import { addCount, placeMentions } from "../mention-pieces.ts";
import type { ErnieThuOptions } from "./options.ts";

/** Entities of an example's pieces: int32 [T], row of the entity table, 0 for none. */
export type AlignedEntities = Int32Array;

/**
 * Aligns each mention's entity with its first piece. Only the entity a mention was linked to is used, never its other
 * candidates, as in the paper. Where two mentions begin on one piece the longer one keeps it.
 *
 * Counts: `mentions`, and of these `mentionsWithoutVector` (the entity has none), `mentionsCutOff` (behind the length
 * limit), `mentionsShortened` (begins before the limit and ends behind it; still aligned), `mentionsWithoutPiece` (white
 * space only), `mentionsOnTakenPiece`.
 *
 * @param rowOf row of an entity in the table, from 1; undefined without a vector
 * @source Official code of the pre-training data: a piece whose left neighbour holds the same entity loses its own, and
 *   the comparison reads the already rewritten neighbour, so every second piece of a mention keeps it: `every-second-piece`
 */
export function alignEntities(
  mentions: readonly Mention[],
  encoding: Encoding,
  rowOf: (entity: string) => number | undefined,
  alignment: ErnieThuOptions["alignment"],
): PreparedExample<AlignedEntities> {
  const rows = new Int32Array(encoding.ids.length);
  const { placed, counts } = placeMentions(mentions, encoding);
  for (const { mention, pieces, shortened } of placed) {
    const row = rowOf(mention.entity);
    if (row === undefined) {
      addCount(counts, "mentionsWithoutVector");
    } else if (rows[pieces[0]] !== 0) {
      addCount(counts, "mentionsOnTakenPiece");
    } else {
      if (shortened) addCount(counts, "mentionsShortened");
      const step = alignment === "first-piece" ? pieces.length : 2;
      for (let i = 0; i < pieces.length; i += step) rows[pieces[i] as number] = row;
    }
  }
  return { encoding, knowledge: rows, counts };
}
