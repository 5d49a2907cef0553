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
  const tokens = found.map((piece) => encoding.tokens[piece]);
  expect(tokens.join("").replaceAll("##", "")).toBe("state-of-the-art");
});

it("tells the sequences of a pair apart", () => {
  const encoding = tokenizer.encode("dog", "dog");
  const [first] = piecesOf(encoding, { start: 0, end: 3 }, 0);
  const [second] = piecesOf(encoding, { start: 0, end: 3 }, 1);
  expect(first).toBe(1);
  expect(second).toBeGreaterThan(first as number);
  expect(encoding.sequenceIds[second as number]).toBe(1);
});

it("passes over pieces that are not from the text", () => {
  const plain = tokenizer.encode("big dog");
  const sequenceIds = plain.sequenceIds.slice();
  sequenceIds[1] = -1;
  const span = { start: 0, end: 7 };
  expect(piecesOf(plain, span)).toContain(1);
  expect(piecesOf({ ...plain, sequenceIds }, span)).toEqual(piecesOf(plain, span).filter((piece) => piece !== 1));
});

it("gives nothing where the mention was cut off, or no piece covers it", () => {
  const text = "one two three four five";
  const encoding = tokenizer.encode(text, undefined, { maxLength: 4 });
  expect(piecesOf(encoding, { start: text.indexOf("five"), end: text.length })).toEqual([]);
  expect(piecesOf(tokenizer.encode("a  b"), { start: 2, end: 3 })).toEqual([]);
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
      expect(piecesOf(encoding, { start, end })).toEqual(overlapping);
    }),
    { seed: 11 },
  );
});
