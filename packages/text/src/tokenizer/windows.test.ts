import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Tokenizer as Oracle, type TruncationStrategy } from "tokenizers";
import { describe, expect, it } from "vitest";
import { loadTokenizer } from "../index.ts";

const path = fileURLToPath(new URL("../../fixtures/word-piece.json", import.meta.url));
const tokenizer = await loadTokenizer(path);
const words = (count: number) => Array.from({ length: count }, (_, i) => ["one", "two", "dog", "man"][i % 4]).join(" ");

/** Windows that Python's binding of the Rust library gave: fixtures/make-windows.py. */
interface WindowCase {
  readonly count: number;
  readonly question: number;
  readonly maxLength: number;
  readonly stride: number;
  readonly windows: readonly (readonly number[])[];
}
const cases: readonly WindowCase[] = JSON.parse(
  readFileSync(new URL("../../fixtures/windows.json", import.meta.url), "utf8"),
);

describe("overlapping windows equal the Rust library's", () => {
  it.each(cases)("$count words after $question, $maxLength pieces, stride $stride", (given) => {
    const { count, question, maxLength, stride } = given;
    const [text, pair] = question > 0 ? [words(question), words(count)] : [words(count), undefined];
    const found = tokenizer.windows(text, pair, { maxLength, stride });
    expect(found.map(({ ids }) => [...ids])).toEqual(given.windows);
  });

  it("hold every piece of the text that is cut", () => {
    const text = words(50);
    const starts = [...tokenizer.encode(words(3), text).starts].slice(5, -1);
    const windows = tokenizer.windows(words(3), text, { maxLength: 12, stride: 1 });
    const seen = windows.flatMap(({ starts: of, sequenceIds }) => [...of].filter((_, i) => sequenceIds[i] === 1));
    expect([...new Set(seen)]).toEqual(starts);
  });

  it("refuse a stride that leaves nothing new", () => {
    expect(() => tokenizer.windows(words(20), undefined, { maxLength: 6, stride: 4 })).toThrow(
      "text.windows: stride is 4, and a window has room for 4 pieces of the text. Wanted a whole number from 0 on, below that room.",
    );
    expect(() => tokenizer.windows(words(20), words(20), { maxLength: 12 })).toThrow("has room for 0 pieces");
  });
});

describe("truncation of one sequence of a pair equals the Rust library's", () => {
  it.each([
    ["only-first", "OnlyFirst" as TruncationStrategy],
    ["only-second", "OnlySecond" as TruncationStrategy],
  ] as const)("%s", async (truncation, strategy) => {
    for (const maxLength of [9, 12, 40]) {
      const [first, second] = truncation === "only-first" ? [words(20), words(4)] : [words(4), words(20)];
      const found = tokenizer.encode(first, second, { maxLength, truncation });
      const oracle = Oracle.fromFile(path);
      oracle.disablePadding();
      oracle.setTruncation(maxLength, { strategy });
      expect([...found.ids]).toEqual((await oracle.encode(first, second)).getIds());
    }
  });

  it("refuses where nothing of it would stay", () => {
    expect(() => tokenizer.encode(words(5), words(5), { maxLength: 8, truncation: "only-second" })).toThrow(
      "text.encode: maxLength is 8, and the first text, which is not to be cut, and the special tokens take 8. Wanted at least 9.",
    );
  });
});
