import { type Encoding, type Mention, piecesOf } from "@kgraft/text";

/** A mention that stands in the pieces that the model reads. */
export interface MentionPieces {
  /** Place of the mention in the example's list. */
  readonly index: number;
  readonly mention: Mention;
  /** At least one, ascending. */
  readonly pieces: readonly [number, ...number[]];
  /** Whether it begins before the length limit and ends behind it. */
  readonly shortened: boolean;
}

/** Mentions with their pieces, and what became of the others, by name. */
export interface PlacedMentions {
  /** By start; of two that start together the longer one first. */
  readonly placed: readonly MentionPieces[];
  /** `mentions`, and of these `mentionsCutOff` (behind the length limit) and `mentionsWithoutPiece` (white space only). */
  readonly counts: Record<string, number>;
}

/** Finds the pieces of an example's mentions. */
export function placeMentions(mentions: readonly Mention[], encoding: Encoding): PlacedMentions {
  const counts: Record<string, number> = {};
  const placed: MentionPieces[] = [];
  const textEnd = encoding.truncated > 0 ? lastEnd(encoding) : Number.POSITIVE_INFINITY;
  for (const [index, mention] of mentions.entries()) {
    addCount(counts, "mentions");
    const [first, ...others] = piecesOf(encoding, mention);
    const shortened = mention.end > textEnd;
    if (first === undefined) addCount(counts, shortened ? "mentionsCutOff" : "mentionsWithoutPiece");
    else placed.push({ index, mention, pieces: [first, ...others], shortened });
  }
  placed.sort(({ mention: a }, { mention: b }) => a.start - b.start || b.end - a.end);
  return { placed, counts };
}

/** Adds one, or more, to a named count. */
export function addCount(counts: Record<string, number>, name: string, more = 1): void {
  if (more > 0) counts[name] = (counts[name] ?? 0) + more;
}

/** Where the last piece of the text ends, in the text. */
function lastEnd(encoding: Encoding): number {
  let end = 0;
  for (let piece = 0; piece < encoding.ids.length; piece++) {
    if (encoding.sequenceIds[piece] === 0) end = Math.max(end, encoding.ends[piece] as number);
  }
  return end;
}
