import type { KgraftError } from "@kgraft/runtime";
import { type CorpusDocument, type CorpusOptions, type CorpusPosition, corpusStart } from "./document.ts";
import { type BuiltDocument, DocumentBuilder } from "./document-builder.ts";
import { bytesFrom } from "./file-bytes.ts";
import { LineSplitter, type TextLine } from "./text-lines.ts";

/** A document, and where reading goes on after it. */
export interface CorpusRecord {
  readonly document: CorpusDocument;
  readonly next: CorpusPosition;
}

/**
 * Streams the documents of JSON Lines or plain text files (gzip where a name ends in `.gz`) in order. Memory holds one
 * chunk and one document, whatever the files' sizes.
 *
 * @param from where to begin; of a gzip file, what stands before is unpacked and passed over
 * @throws InputError `text.corpus.…` or `text.example.…` with `file:line` where a line is broken, unless those are skipped
 */
export async function* readCorpus(
  paths: readonly string[],
  options: CorpusOptions = {},
  from: CorpusPosition = corpusStart,
): AsyncGenerator<CorpusRecord> {
  const skips = new Skips(options);
  let { document: done } = from;
  for (let file = from.file; file < paths.length; file++) {
    const path = paths[file] as string;
    const start = file === from.file ? from : corpusStart;
    for await (const built of documentsOf(path, bytesFrom(path, start.byte), start, skips.options))
      for (const { document, end } of built) yield { document, next: { file, ...end, document: ++done } };
  }
  skips.report(paths);
}

/**
 * The documents of a file, for each chunk those that it completes; take them before the next chunk's.
 *
 * @param chunks its bytes from `start` on
 */
export async function* documentsOf(
  path: string,
  chunks: AsyncIterable<Buffer>,
  start: { readonly byte: number; readonly line: number },
  options: CorpusOptions,
): AsyncGenerator<Iterable<BuiltDocument>> {
  const splitter = new LineSplitter(start);
  const builder = new DocumentBuilder(path, options);
  for await (const chunk of chunks) yield completed(builder, splitter.push(chunk));
  yield completed(builder, splitter.end());
  const open = builder.end();
  if (open !== undefined) yield [open];
}

function* completed(builder: DocumentBuilder, lines: Iterable<TextLine>): Generator<BuiltDocument> {
  for (const line of lines) {
    const document = builder.push(line);
    if (document !== undefined) yield document;
  }
}

/** Counts what is passed over, and says so at the end. */
export class Skips {
  readonly options: CorpusOptions;
  readonly #given: CorpusOptions;
  #first: KgraftError | undefined;
  count = 0;

  constructor(options: CorpusOptions) {
    this.#given = options;
    this.options = { ...options, onSkip: (error) => this.#add(error) };
  }

  report(paths: readonly string[]): void {
    if (this.#first === undefined) return;
    const lines = `${this.count} broken line${this.count === 1 ? "" : "s"} skipped`;
    this.#given.progress?.note(`${paths.join(", ")}: ${lines}; the first: ${this.#first.message}`);
  }

  #add(error: KgraftError): void {
    this.count++;
    this.#first ??= error;
    this.#given.onSkip?.(error);
  }
}
