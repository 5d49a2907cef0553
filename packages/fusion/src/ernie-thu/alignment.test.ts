import type { Mention } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { alignEntities } from "./alignment.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await smallWorld();
});

const rowOf = (entity: string): number | undefined => ({ Q1: 1, Q2: 2, Q3: 3, Q5: 5 })[entity];
const mention = (start: number, end: number, entity: string): Mention => ({ start, end, entity });

/** Aligns the mentions of a text; rows stand at pieces, [CLS] first. */
function align(
  text: string,
  mentions: readonly Mention[],
  { maxLength = 40, alignment = "first-piece" as const } = {},
) {
  const encoding = world.tokenizer.encode(text, undefined, { maxLength });
  const { knowledge, counts } = alignEntities(mentions, encoding, rowOf, alignment);
  return { rows: [...knowledge], counts, tokens: encoding.tokens };
}

describe("alignEntities", () => {
  it("puts an entity on the first piece of its mention only", () => {
    const { rows, counts, tokens } = align("gorwick plays lute", [mention(0, 7, "Q1"), mention(14, 18, "Q5")]);
    expect(tokens).toEqual(["[CLS]", "gor", "##wick", "plays", "lute", "[SEP]"]);
    expect(rows).toEqual([0, 1, 0, 0, 5, 0]);
    expect(counts).toEqual({ mentions: 2 });
  });

  // Official pre-training data: mentions of 1, 2, 3, 4, 5 pieces keep 1, 1, 2, 2, 3 alignments.
  it.each([
    ["gor", [0, 1, 0]],
    ["gors", [0, 1, 0, 0]],
    ["gorston", [0, 1, 0, 1, 0]],
    ["gorstons", [0, 1, 0, 1, 0, 0]],
    ["gorstonston", [0, 1, 0, 1, 0, 1, 0]],
  ])("keeps every second piece of %s where that is asked for", (text, wanted) => {
    const encoding = world.tokenizer.encode(text);
    const { knowledge } = alignEntities([mention(0, text.length, "Q1")], encoding, rowOf, "every-second-piece");
    expect([...knowledge]).toEqual(wanted);
  });

  it("counts a mention whose entity has no vector", () => {
    const { rows, counts } = align("marl", [mention(0, 4, "Q99")]);
    expect(rows).toEqual([0, 0, 0]);
    expect(counts).toEqual({ mentions: 1, mentionsWithoutVector: 1 });
  });

  it("counts a mention behind the length limit", () => {
    const { rows, counts } = align("the old lute", [mention(8, 12, "Q5")], { maxLength: 4 });
    expect(rows).toEqual([0, 0, 0, 0]);
    expect(counts).toEqual({ mentions: 1, mentionsCutOff: 1 });
  });

  it("aligns a mention that is longer than the limit, and counts it", () => {
    const { rows, counts } = align("the old lute", [mention(4, 12, "Q5")], { maxLength: 4 });
    expect(rows).toEqual([0, 0, 5, 0]);
    expect(counts).toEqual({ mentions: 1, mentionsShortened: 1 });
  });

  it("counts a mention of white space", () => {
    expect(align("old  lute", [mention(3, 5, "Q5")]).counts).toEqual({ mentions: 1, mentionsWithoutPiece: 1 });
  });

  it("gives a piece that two mentions begin on to the longer one, in whatever order they come", () => {
    const both = [mention(0, 3, "Q2"), mention(0, 8, "Q3")];
    const there = align("the marl", both);
    expect(there.rows).toEqual([0, 3, 0, 0]);
    expect(there.counts).toEqual({ mentions: 2, mentionsOnTakenPiece: 1 });
    expect(align("the marl", both.toReversed())).toEqual(there);
  });

  it("does not depend on the order of mentions", () => {
    const mentions = [mention(0, 7, "Q1"), mention(14, 18, "Q5")];
    expect(align("gorwick plays lute", mentions.toReversed())).toEqual(align("gorwick plays lute", mentions));
  });

  it("uses the linked entity, not the other candidates", () => {
    const candidates = [
      { entity: "Q2", score: 0.9 },
      { entity: "Q1", score: 0.1 },
    ];
    expect(align("gorwick", [{ ...mention(0, 7, "Q1"), candidates }]).rows).toEqual([0, 1, 0, 0]);
  });
});
