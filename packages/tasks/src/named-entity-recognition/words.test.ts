import type { Tokenizer } from "@kgraft/text";
import { beforeAll, describe, expect, it } from "vitest";
import { madeWorld } from "../testing/made-world.ts";
import { spansOf, tagsOf, wordsOf } from "./words.ts";

let tokenizer: Tokenizer;
beforeAll(async () => {
  ({ tokenizer } = await madeWorld());
});

const types = ["person", "place"];
const number = new Map(types.map((type, index) => [type, index]));
const words = [0, 4, 8, 12, 16].map((start, i) => ({ piece: i + 1, start, end: start + 3 }));
const span = (start: number, end: number, label: string) => ({ start, end, label });

describe("words", () => {
  it("are the tokenizer's, each at its first piece, without special tokens", () => {
    const text = "town, of song";
    const all = wordsOf(tokenizer.encode(text));
    expect(all.map(({ start, end }) => text.slice(start, end))).toEqual(["town", ",", "of", "song"]);
    expect(all[0]?.piece).toBe(1);
    expect(wordsOf(tokenizer.encode("", "song"))).toEqual([]);
  });

  it("have the tags of the spans they touch: begin, inside, outside", () => {
    const spans = [span(0, 7, "person"), span(8, 11, "person"), span(17, 18, "place")];
    expect(tagsOf(words, spans, number)).toEqual([1, 2, 1, 0, 3]);
    expect(tagsOf(words, [span(0, 3, "thing")], number)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("spans from tags", () => {
  it("are the spans that the tags were made from", () => {
    const spans = [span(0, 7, "person"), span(8, 11, "person"), span(16, 19, "place")];
    expect(spansOf(words, tagsOf(words, spans, number), types)).toEqual(spans);
  });

  it("start at a continuation that follows nothing of its type", () => {
    expect(spansOf(words, [2, 2, 0, 4, 2], types)).toEqual([
      span(0, 7, "person"),
      span(12, 15, "place"),
      span(16, 19, "person"),
    ]);
    expect(spansOf(words, [1, 4, 1, 1, 0], types).map(({ label }) => label)).toEqual([
      "person",
      "place",
      "person",
      "person",
    ]);
  });
});
