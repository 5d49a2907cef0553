import { type Progress, writeFileAtomic } from "@kgraft/runtime";
import { loadTokenizer, readCorpus, trainWordPiece } from "@kgraft/text";
import { untilStopped } from "./stopped.ts";

/** What {@link trainTokenizer} reads, makes and writes. */
export interface TrainTokenizerOptions {
  /** Plain text or JSON Lines with `text`, also gzip. */
  readonly inputs: readonly string[];
  /** A tokenizer.json. */
  readonly output: string;
  /** Most pieces, special ones included. */
  readonly size: number;
  /** Most characters of the alphabet. */
  readonly alphabet: number;
  readonly lowercase: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What a vocabulary was made from, and its size. */
export interface TrainedTokenizer {
  readonly texts: number;
  readonly pieces: number;
}

/**
 * Trains a WordPiece vocabulary on files and writes it as BERT's tokenizer, from which an encoder of one's own can start.
 *
 * @throws InputError `text.vocabulary` where the texts hold no word, or the size has no room for the alphabet
 */
export async function trainTokenizer(options: TrainTokenizerOptions): Promise<TrainedTokenizer> {
  const { inputs, output, size: vocabularySize, alphabet: alphabetSize, lowercase, progress, signal } = options;
  const bar = progress.bar("Counting words", 0);
  let texts = 0;
  async function* read(): AsyncGenerator<string> {
    for await (const { document } of untilStopped(readCorpus(inputs, { progress }), signal)) {
      if (++texts % 1000 === 0) bar.update(texts);
      const { text, pair } = document.example;
      yield pair === undefined ? text : `${text}\n${pair}`;
    }
    bar.end(`${texts} texts`);
  }
  await writeFileAtomic(output, await trainWordPiece(read(), { vocabularySize, alphabetSize, lowercase }));
  return { texts, pieces: (await loadTokenizer(output)).vocabularySize };
}
