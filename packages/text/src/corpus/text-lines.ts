import { isUtf8 } from "node:buffer";

/** One line of a file, without its line end. */
export interface TextLine {
  /** Undefined where it is no text: longer than {@link longestLine}, or not UTF-8. */
  readonly text: string | undefined;
  /** 1-based. */
  readonly number: number;
  /** Offset of the byte after its newline. */
  readonly end: number;
  readonly bytes: number;
}

/** The most bytes of a line that are held: what is longer is no text. */
export const longestLine = 1 << 26;

const newline = 10;

/** Cuts a stream of chunks at newlines, before anything is decoded; holds one line at most. */
export class LineSplitter {
  #carry: Buffer[] = [];
  #carried = 0;
  #byte: number;
  #line: number;

  /** @param start offset of the first chunk, and lines before it */
  constructor(start: { readonly byte: number; readonly line: number }) {
    this.#byte = start.byte;
    this.#line = start.line;
  }

  /** The lines that end in a chunk. */
  *push(chunk: Buffer): Generator<TextLine> {
    const first = chunk.indexOf(newline);
    if (first === -1) return this.#keep(chunk);
    yield this.#carried === 0 ? this.#within(chunk, 0, first, false) : this.#joined(chunk.subarray(0, first), 1);
    const last = chunk.lastIndexOf(newline);
    const valid = isUtf8(chunk.subarray(first, last));
    for (let from = first + 1; from <= last; ) {
      const at = chunk.indexOf(newline, from);
      yield this.#within(chunk, from, at, valid);
      from = at + 1;
    }
    this.#keep(chunk.subarray(last + 1));
  }

  /** The last line, where no newline ends it. */
  *end(): Generator<TextLine> {
    if (this.#carried > 0) yield this.#joined(Buffer.alloc(0), 0);
  }

  #keep(rest: Buffer): void {
    this.#carried += rest.length;
    if (this.#carried > longestLine) this.#carry = [];
    else if (rest.length > 0) this.#carry.push(Buffer.from(rest));
  }

  /** A line that began in an earlier chunk. */
  #joined(rest: Buffer, newlines: 0 | 1): TextLine {
    const bytes = this.#carried + rest.length;
    const whole = Buffer.concat([...this.#carry, rest]);
    this.#carry = [];
    this.#carried = 0;
    const isText = bytes <= longestLine && isUtf8(whole);
    return this.#made(isText ? whole.toString() : undefined, bytes, newlines);
  }

  /** A line within a chunk. */
  #within(chunk: Buffer, from: number, to: number, valid: boolean): TextLine {
    const isText = valid || isUtf8(chunk.subarray(from, to));
    return this.#made(isText ? chunk.toString("utf8", from, to) : undefined, to - from, 1);
  }

  #made(decoded: string | undefined, bytes: number, newlines: 0 | 1): TextLine {
    this.#byte += bytes + newlines;
    const number = ++this.#line;
    const text = decoded === undefined ? undefined : withoutMarks(decoded, number === 1);
    return { text, number, end: this.#byte, bytes };
  }
}

/** Drops a carriage return at the end, and a byte order mark at the start of a file. */
function withoutMarks(text: string, isFirst: boolean): string {
  const from = isFirst && text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const to = text.endsWith("\r") ? text.length - 1 : text.length;
  return to - from === text.length ? text : text.slice(from, to);
}
