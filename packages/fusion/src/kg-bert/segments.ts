import type { Encoding, TextExample, Tokenizer } from "@kgraft/text";

/** One part of what the model reads: head, relation or tail. */
export interface Segment {
  /** The part without special pieces. */
  readonly pieces: Encoding;
  readonly typeId: number;
  /** Which text of the example it is from: 0 `text`, 1 `pair`. */
  readonly sequence: number;
  /** Where the part starts in that text, and with which word. */
  readonly offset: number;
}

/** Special pieces before, between and behind segments, as the tokenizer frames a pair. */
export interface SegmentFrame {
  readonly before: Encoding;
  readonly between: Encoding;
  readonly behind: Encoding;
}

/** Reads off how a tokenizer frames a pair: `[CLS] a [SEP] b [SEP]`, `<s> a </s></s> b </s>`. */
export function frameOf(tokenizer: Tokenizer): SegmentFrame {
  const pair = tokenizer.encode("a", "a");
  const [first, second] = [pair.sequenceIds.indexOf(0), pair.sequenceIds.indexOf(1)];
  const [last, end] = [pair.sequenceIds.lastIndexOf(0) + 1, pair.sequenceIds.lastIndexOf(1) + 1];
  return {
    before: slice(pair, 0, first),
    between: slice(pair, last, second),
    behind: slice(pair, end, pair.ids.length),
  };
}

/** Special pieces that frame a number of segments. */
export function frameSize({ before, between, behind }: SegmentFrame, segments: number): number {
  return before.ids.length + (segments - 1) * between.ids.length + behind.ids.length;
}

/**
 * The texts of an example's segments with their token types: head 0, relation 1, tail 0; without a relation head 0, tail 1.
 * Undefined where there is neither a triple nor a pair.
 *
 * @source KG-BERT, `convert_examples_to_features` of its three model scripts
 */
export function segmentTexts({ text, pair, triple }: TextExample): readonly (readonly [string, number])[] | undefined {
  if (triple !== undefined) {
    const { head, relation, tail } = triple;
    return [[head.text, 0] as const, [relation.text, 1] as const, [tail.text, 0] as const];
  }
  return pair === undefined ? undefined : [[text, 0] as const, [pair, 1] as const];
}

/** Joins segments, each cut to its length, into what the model reads. */
export function joinSegments(
  segments: readonly Segment[],
  lengths: readonly number[],
  { before, between, behind }: SegmentFrame,
): Encoding {
  const parts: Encoding[] = [before];
  let words = 0;
  let truncated = 0;
  for (const [index, { pieces, typeId, sequence, offset }] of segments.entries()) {
    const kept = slice(pieces, 0, lengths[index] as number);
    const last = index === segments.length - 1;
    parts.push({
      ...kept,
      typeIds: kept.typeIds.map(() => typeId),
      starts: kept.starts.map((start) => start + offset),
      ends: kept.ends.map((end) => end + offset),
      wordIds: kept.wordIds.map((word) => word + words),
      sequenceIds: kept.sequenceIds.map(() => sequence),
    });
    const frame = last ? behind : between;
    parts.push({ ...frame, typeIds: frame.typeIds.map(() => typeId) });
    words = sequence === segments[index + 1]?.sequence ? words + 1 + (pieces.wordIds.at(-1) ?? -1) : 0;
    truncated += pieces.ids.length - kept.ids.length;
  }
  return { ...concat(parts), truncated };
}

function slice(encoding: Encoding, from: number, to: number): Encoding {
  return {
    ids: encoding.ids.subarray(from, to),
    tokens: encoding.tokens.slice(from, to),
    typeIds: encoding.typeIds.subarray(from, to),
    starts: encoding.starts.subarray(from, to),
    ends: encoding.ends.subarray(from, to),
    wordIds: encoding.wordIds.subarray(from, to),
    sequenceIds: encoding.sequenceIds.subarray(from, to),
    truncated: 0,
  };
}

function concat(parts: readonly Encoding[]): Omit<Encoding, "truncated"> {
  const int32 = (column: "ids" | "typeIds" | "starts" | "ends" | "wordIds"): Int32Array =>
    Int32Array.from(parts.flatMap((part) => [...part[column]]));
  return {
    ids: int32("ids"),
    tokens: parts.flatMap(({ tokens }) => tokens),
    typeIds: int32("typeIds"),
    starts: int32("starts"),
    ends: int32("ends"),
    wordIds: int32("wordIds"),
    sequenceIds: Int8Array.from(parts.flatMap((part) => [...part.sequenceIds])),
  };
}
