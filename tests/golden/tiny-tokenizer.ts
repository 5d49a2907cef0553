import { specialPieces, wordPieceFile } from "@kgraft/text";

/** The content of a tokenizer.json with as many word pieces as the golden models have rows: five special ones, letters, `##` letters, words. */
export function tinyTokenizerJson(size = 99): string {
  const letters = [..."abcdefghijklmnopqrstuvwxyz.,"];
  const pieces = [...specialPieces, ...letters, ...letters.map((letter) => `##${letter}`)];
  for (let i = pieces.length; i < size; i++) pieces.push(`word${"abcdefghijklmnopqrstuvwxyz"[i % 26]}${"xyz"[i % 3]}`);
  return wordPieceFile(pieces);
}
