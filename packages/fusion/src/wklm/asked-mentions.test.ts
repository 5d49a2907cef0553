import type { Encoding, Mention } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import { type SmallWorld, smallWorld } from "../testing/small-world.ts";
import { askedMentions } from "./asked-mentions.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await smallWorld();
});

const text = "Gorwick plays the lute in Marl";
const mention = (surface: string, replaces?: string): Mention => ({
  start: text.indexOf(surface),
  end: text.indexOf(surface) + surface.length,
  entity: "Q1",
  replaces,
});

/** Pieces: [CLS] gor ##wick plays the lute in marl [SEP]. */
function asked(mentions: readonly Mention[], { maxLength = 40, maskMentions = false } = {}) {
  const encoding = world.tokenizer.encode(text, undefined, { maxLength });
  return askedMentions({ id: "1", text, mentions }, encoding, world.tokenizer, { maskMentions });
}

describe("what is asked of mentions", () => {
  it("is read at the pieces around them: [CLS] before the first word, [SEP] behind the last", () => {
    const { knowledge, counts } = asked([mention("Marl", "Q9"), mention("Gorwick"), mention("the lute")]);
    expect(knowledge).toEqual([
      { first: 1, boundary: [0, 3], original: true },
      { first: 4, boundary: [3, 6], original: true },
      { first: 7, boundary: [6, 8], original: false },
    ]);
    expect(counts).toEqual({ mentions: 3 });
  });

  it("reads a neighbour's piece where two mentions touch", () => {
    const { knowledge } = asked([mention("plays"), mention("the lute")]);
    expect(knowledge.map(({ boundary }) => boundary)).toEqual([
      [2, 4],
      [3, 6],
    ]);
  });

  it("protects the pieces of all mentions from masking, unless told otherwise", () => {
    const mentions = [mention("Marl", "Q9"), mention("the lute"), mention("lute")];
    expect(asked(mentions).protectedPieces).toEqual([4, 5, 7]);
    expect(asked(mentions, { maskMentions: true }).protectedPieces).toEqual([]);
  });

  it("asks nothing about mentions behind the length limit or across it, and counts them", () => {
    const mentions = [mention("Gorwick"), mention("the lute"), mention("Marl"), { start: 7, end: 8, entity: "Q1" }];
    const { knowledge, counts, protectedPieces } = asked(mentions, { maxLength: 6 }); // … plays the [SEP]
    expect(knowledge.map(({ first }) => first)).toEqual([1]);
    expect(counts).toEqual({ mentions: 4, mentionsShortened: 1, mentionsCutOff: 1, mentionsWithoutPiece: 1 });
    expect(protectedPieces).toEqual([1, 2, 4]);
  });

  it("does not take for a boundary what another strategy put in", () => {
    const plain = world.tokenizer.encode(text);
    const at = (i: number) => i + (i >= 3 ? 2 : 0); // two pieces behind "Gorwick"
    const spread = <Values extends Int32Array | Int8Array>(values: Values, added: number): Values => {
      const made = values.constructor === Int8Array ? new Int8Array(11) : new Int32Array(11);
      made.fill(added);
      for (let i = 0; i < values.length; i++) made[at(i)] = values[i] as number;
      return made as Values;
    };
    const encoding: Encoding = {
      ...plain,
      ids: spread(plain.ids, world.tokenizer.id("town") as number),
      starts: spread(plain.starts, 0),
      ends: spread(plain.ends, 0),
      sequenceIds: spread(plain.sequenceIds, -1),
    };
    const mentions = [mention("Gorwick"), mention("plays")];
    const { knowledge } = askedMentions({ id: "1", text, mentions }, encoding, world.tokenizer, {
      maskMentions: false,
    });
    expect(knowledge.map(({ boundary }) => boundary)).toEqual([
      [0, 5],
      [2, 6],
    ]);
  });
});
