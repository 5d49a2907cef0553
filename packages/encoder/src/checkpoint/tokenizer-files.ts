import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The files that make up a tokenizer in Hugging Face's layout. */
const tokenizerFileNames: ReadonlySet<string> = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "spiece.model",
  "sentencepiece.bpe.model",
]);

/** A tokenizer's files by name, as they are on disk. */
export type TokenizerFiles = ReadonlyMap<string, Uint8Array>;

/** Reads the tokenizer's files of a folder, byte by byte as they are, so that they can be saved again. */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const names = (await readdir(folder)).filter((name) => tokenizerFileNames.has(name)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}
