import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "@kgraft/runtime";
import type { CorpusDocument, CorpusOptions, CorpusPosition } from "./document.ts";
import { corpusStart } from "./document.ts";
import { documentsOf, readCorpus, Skips } from "./read-corpus.ts";
import { SampledPositions } from "./sampled-positions.ts";
import { unpacked } from "./unpack.ts";

/** Documents by number, however large the files. */
export interface Corpus {
  /** Number of documents; broken lines do not count. */
  readonly length: number;
  /** Broken lines that were passed over. */
  readonly skipped: number;
  /** @param index 0 … length-1; reads may run at the same time */
  at(index: number): Promise<CorpusDocument>;
  /** Gives the files back. */
  close(): Promise<void>;
}

/** How {@link openCorpus} reads. */
export interface OpenCorpusOptions extends CorpusOptions {
  /** Where gzip files are unpacked, once; without it they are refused, since they can only be read in order. */
  readonly unpackFolder?: string;
}

/** Bytes of the first read for a document, and of the largest. */
const readBytes = { first: 1 << 12, most: 1 << 16 };

/**
 * Opens files for reading in any order: they are read through once, checked, and the places of at most 2^19 documents
 * kept (12 MB); the documents between two of those are found by reading on from the first.
 *
 * @throws InputError `text.corpus.…` or `text.example.…` with `file:line` where a line is broken, unless those are skipped
 */
export async function openCorpus(paths: readonly string[], options: OpenCorpusOptions = {}): Promise<Corpus> {
  const plain = await Promise.all(paths.map((path) => unpacked(path, options.unpackFolder)));
  const skips = new Skips(options);
  const places = new SampledPositions();
  let position: CorpusPosition = corpusStart;
  for await (const { next } of readCorpus(plain, skips.options)) {
    places.push(position.file === next.file ? position : { ...corpusStart, file: next.file });
    position = next;
  }
  skips.report(paths);
  const files = await Promise.all(plain.map((path) => open(path)));
  return new IndexedCorpus(plain, files, places, options, skips.count);
}

class IndexedCorpus implements Corpus {
  readonly length: number;
  readonly skipped: number;
  readonly #paths: readonly string[];
  readonly #files: readonly FileHandle[];
  readonly #places: SampledPositions;
  readonly #options: CorpusOptions;

  constructor(
    paths: readonly string[],
    files: readonly FileHandle[],
    places: SampledPositions,
    options: CorpusOptions,
    skipped: number,
  ) {
    this.#paths = paths;
    this.#files = files;
    this.#places = places;
    this.#options = { ...options, onSkip: () => undefined }; // counted while the files were read through
    this.length = places.length;
    this.skipped = skipped;
  }

  async at(index: number): Promise<CorpusDocument> {
    const { file, byte, line, before } = this.#places.before(index);
    let left = before;
    for (let at = file; at < this.#paths.length; at++) {
      const start = at === file ? { byte, line } : corpusStart;
      const chunks = chunksOf(this.#files[at] as FileHandle, start.byte);
      for await (const built of documentsOf(this.#paths[at] as string, chunks, start, this.#options))
        for (const { document } of built) if (left-- === 0) return document;
    }
    throw new InputError({
      code: "text.corpus.changed",
      at: this.#paths.join(", "),
      problem: `document ${index} of ${this.length} is no longer there`,
      wanted: "Wanted files that stay as they are while they are read",
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }
}

async function* chunksOf(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  let size = readBytes.first;
  for (let at = start; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
    size = Math.min(2 * size, readBytes.most);
  }
}
