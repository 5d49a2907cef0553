/** One line as bytes, without its newline. */
export interface ByteLine {
  /** Undefined where the line is longer than {@link longestLine}. */
  readonly bytes: Buffer | undefined;
  /** 1-based. */
  readonly number: number;
  /** Offset of the byte after its newline. */
  readonly end: number;
}

/** The most bytes of a line that are held: what is longer is no text. */
export const longestLine = 1 << 26;

/** Cuts a stream of chunks at newlines; holds one line at most. */
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

  /** The lines that end in a chunk. They share its memory: use them before the next one. */
  *push(chunk: Buffer): Generator<ByteLine> {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      yield this.#close(chunk.subarray(from, at), 1);
      from = at + 1;
    }
    this.#carried += chunk.length - from;
    if (this.#carried > longestLine) this.#carry = [];
    else if (from < chunk.length) this.#carry.push(Buffer.from(chunk.subarray(from)));
  }

  /** The last line, where no newline ends it. */
  *end(): Generator<ByteLine> {
    if (this.#carried > 0) yield this.#close(Buffer.alloc(0), 0);
  }

  #close(rest: Buffer, newline: 0 | 1): ByteLine {
    const length = this.#carried + rest.length;
    const whole = this.#carry.length === 0 ? rest : Buffer.concat([...this.#carry, rest]);
    this.#carry = [];
    this.#carried = 0;
    this.#byte += length + newline;
    return { bytes: length > longestLine ? undefined : whole, number: ++this.#line, end: this.#byte };
  }
}
