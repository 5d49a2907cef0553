import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, it } from "vitest";
import { loadTokenizer, piecesOf } from "./index.ts";

const tokenizer = await loadTokenizer(fileURLToPath(new URL("../fixtures/word-piece.json", import.meta.url)));

it("finds the pieces of a mention, past emoji and across punctuation", () => {
  const text = "😀 the state-of-the-art dog";
  const encoding = tokenizer.encode(text);
  const start = text.indexOf("state");
  const found = piecesOf(encoding, { start, end: start + "state-of-the-art".length });
  expect(encoding.tokens.slice(found?.first, found?.last).join("").replaceAll("##", "")).toBe("state-of-the-art");
});

it("tells the sequences of a pair apart", () => {
  const encoding = tokenizer.encode("dog", "dog");
  const first = piecesOf(encoding, { start: 0, end: 3 }, 0);
  const second = piecesOf(encoding, { start: 0, end: 3 }, 1);
  expect(first?.first).toBe(1);
  expect(second?.first).toBe((first?.last as number) + 1);
});

it("gives undefined where the mention was cut off, or no piece covers it", () => {
  const text = "one two three four five";
  const encoding = tokenizer.encode(text, undefined, { maxLength: 4 });
  expect(piecesOf(encoding, { start: text.indexOf("five"), end: text.length })).toBeUndefined();
  expect(piecesOf(tokenizer.encode("a  b"), { start: 2, end: 3 })).toBeUndefined();
});

it("covers the span: every piece in it overlaps, none outside does", () => {
  const texts = fc.array(fc.constantFrom("dog", " ", "😀", "é", "-", "running", "中"), { minLength: 1 });
  fc.assert(
    fc.property(texts, fc.nat(), fc.nat(), (parts, a, b) => {
      const text = parts.join("");
      const start = a % text.length;
      const end = start + 1 + (b % (text.length - start));
      const encoding = tokenizer.encode(text);
      const overlapping = [...encoding.ids.keys()].filter(
        (i) =>
          encoding.sequenceIds[i] === 0 && (encoding.starts[i] as number) < end && (encoding.ends[i] as number) > start,
      );
      const found = piecesOf(encoding, { start, end });
      if (found === undefined) expect(overlapping).toEqual([]);
      else expect(overlapping).toEqual(Array.from({ length: found.last - found.first }, (_, i) => found.first + i));
    }),
    { seed: 11 },
  );
});
