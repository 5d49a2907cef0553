/** Texts in one run of UTF-8 bytes: text i is `bytes[offsets[i]]` … `bytes[offsets[i + 1] - 1]`. */
export interface Texts {
  readonly bytes: Buffer;
  /** Float64, since a large graph has more than 2^32 bytes of descriptions. */
  readonly offsets: Float64Array;
}

/** Text i. */
export function textAt({ bytes, offsets }: Texts, i: number): string {
  return bytes.toString("utf8", offsets[i], offsets[i + 1]);
}

/** Texts that grow by one at a time, without an object for each. */
export class TextList {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #offsets = new Float64Array(1 << 12);
  #length = 0;
  #views: Texts | undefined;

  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    this.#views = undefined;
    const begin = this.#offsets[this.#length] as number;
    const most = begin + 3 * text.length;
    if (most > this.#bytes.length) this.#bytes = grownBytes(this.#bytes, begin, most);
    const end = begin + this.#bytes.write(text, begin, "utf8");
    if (this.#length + 1 === this.#offsets.length) {
      const grown = new Float64Array(2 * this.#offsets.length);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[++this.#length] = end;
  }

  /** Gives views of what there is so far; they hold until the next push. */
  texts(): Texts {
    this.#views ??= {
      bytes: this.#bytes.subarray(0, this.#offsets[this.#length]),
      offsets: this.#offsets.subarray(0, this.#length + 1),
    };
    return this.#views;
  }
}

function grownBytes(bytes: Buffer<ArrayBuffer>, used: number, wanted: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafe(Math.max(wanted, Math.ceil(1.6 * bytes.length)));
  bytes.copy(grown, 0, 0, used);
  return grown;
}
