import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenizer, type Tokenizer, wordPieceFile } from "@kgraft/text";

/** A WordPiece tokenizer as BERT's, by its vocabulary. */
export interface SmallTokenizer {
  /** Begins with the special pieces. */
  readonly vocabulary: readonly string[];
  /** Marks a piece inside a word. Default `##`. */
  readonly prefix?: string;
  /** Whether a single text ends in [SEP]. Default true. */
  readonly closed?: boolean;
}

/** Loads a tokenizer from a file that is made for it. */
export async function smallTokenizer(options: SmallTokenizer): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-small-tokenizer-"));
  try {
    const file = join(folder, "tokenizer.json");
    await writeFile(file, tokenizerFile(options));
    return await loadTokenizer(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function tokenizerFile({ vocabulary, prefix = "##", closed = true }: SmallTokenizer): string {
  const file = JSON.parse(wordPieceFile(vocabulary));
  file.model.continuing_subword_prefix = prefix;
  if (!closed) file.post_processor.single.pop();
  return JSON.stringify(file);
}
