import { InputError, KgraftError } from "@kgraft/runtime";
import { exampleOf } from "../examples.ts";
import type { CorpusDocument, CorpusOptions } from "./document.ts";
import { lineSpans, sentenceSpans } from "./sentences.ts";
import { longestLine, type TextLine } from "./text-lines.ts";

/** The most UTF-16 units of a plain text's document: a file without blank lines is cut at a line's end. */
const longestDocument = 1 << 20;

/** A document and where it ends. */
export interface BuiltDocument {
  readonly document: CorpusDocument;
  /** Offset of the byte after it, and lines up to there. */
  readonly end: { readonly byte: number; readonly line: number };
}

/** Puts the documents of one file together, line by line. */
export class DocumentBuilder {
  readonly #path: string;
  readonly #options: CorpusOptions;
  readonly #format: NonNullable<CorpusOptions["format"]>;
  #lines: string[] = [];
  #units = 0;
  #first = 0;
  #end = { byte: 0, line: 0 };

  /** @param options.onSkip is called for each bad line where bad lines are skipped */
  constructor(path: string, options: CorpusOptions) {
    this.#path = path;
    this.#options = options;
    this.#format = options.format ?? formatOf(path);
  }

  /** @returns the document that a line completes */
  push(line: TextLine): BuiltDocument | undefined {
    try {
      return this.#read(line);
    } catch (error) {
      if (this.#options.onError !== "skip" || !(error instanceof KgraftError)) throw error;
      this.#options.onSkip?.(error);
      return undefined;
    }
  }

  /** @returns the last document, where the file's end completes one */
  end(): BuiltDocument | undefined {
    return this.#lines.length === 0 ? undefined : this.#close();
  }

  #read(line: TextLine): BuiltDocument | undefined {
    const at = `${this.#path}:${line.number}`;
    const text = textOf(line, at);
    if (!/\S/.test(text)) return this.end();
    if (this.#format !== "text") return this.#built(this.#example(parse(text, at), at), at, line);
    if (this.#options.documentEnd === "line") return this.#built({ id: at, text }, at, line);
    const full = this.#units + text.length > longestDocument ? this.end() : undefined;
    if (this.#lines.length === 0) this.#first = line.number;
    this.#lines.push(text);
    this.#units += text.length + 1;
    this.#end = { byte: line.end, line: line.number };
    return full;
  }

  #example(value: unknown, at: string): CorpusDocument["example"] {
    return exampleOf(this.#format === "jsonl" ? named(value, at) : value, at, this.#options.offsets);
  }

  #close(): BuiltDocument {
    const at = `${this.#path}:${this.#first}`;
    const text = this.#lines.join("\n");
    this.#lines = [];
    this.#units = 0;
    return { document: this.#document({ id: at, text }, at), end: this.#end };
  }

  #built(example: CorpusDocument["example"], at: string, { end, number }: TextLine): BuiltDocument {
    return { document: this.#document(example, at), end: { byte: end, line: number } };
  }

  #document(example: CorpusDocument["example"], at: string): CorpusDocument {
    const { sentenceEnd, language } = this.#options;
    const found = () => (sentenceEnd === "unicode" ? sentenceSpans(example.text, language) : lineSpans(example.text));
    let sentences: CorpusDocument["sentences"] | undefined; // found when they are asked for: not every reader does
    return {
      at,
      example,
      get sentences() {
        sentences ??= found();
        return sentences;
      },
    };
  }
}

function formatOf(path: string): "jsonl" | "text" {
  return /\.(jsonl|ndjson|json)(\.gz)?$/i.test(path) ? "jsonl" : "text";
}

/** @throws InputError `text.corpus.line` or `text.corpus.utf8` where a line is no text */
function textOf({ text, bytes }: TextLine, at: string): string {
  if (text !== undefined) return text;
  if (bytes > longestLine)
    throw new InputError({
      code: "text.corpus.line",
      at,
      problem: `has ${bytes} bytes`,
      wanted: `Wanted lines of at most ${longestLine}`,
    });
  throw new InputError({
    code: "text.corpus.utf8",
    at,
    problem: "is not UTF-8",
    wanted: "Wanted UTF-8 text",
    fix: "Convert the file, for example with `iconv -f latin1 -t utf-8`, or set onError: skip",
  });
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError({
      code: "text.corpus.json",
      at,
      problem: `is not JSON: ${(cause as Error).message}`,
      wanted: 'Wanted one object a line, as {"text": "…"}',
      fix: "Set onError: skip to pass over broken lines",
      cause,
    });
  }
}

/** The keys that examples have, with an id where there is none. */
function named(value: unknown, at: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { id, text, pair, mentions } = value as Record<string, unknown>;
  return { id: id ?? at, text, ...(pair !== undefined && { pair }), ...(mentions !== undefined && { mentions }) };
}
