/**
 * A normalised text that knows for each of its UTF-16 units which half-open range of the source it came from (the range
 * of the whole source character, so that no offset ever cuts one).
 */
export class AlignedText {
  readonly text: string;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(text: string, starts: Int32Array, ends: Int32Array) {
    this.text = text;
    this.starts = starts;
    this.ends = ends;
  }

  /** The source as it is. */
  static of(text: string): AlignedText {
    const builder = new AlignedTextBuilder(text.length);
    for (let i = 0; i < text.length; ) {
      const character = String.fromCodePoint(text.codePointAt(i) as number);
      builder.push(character, i, i + character.length);
      i += character.length;
    }
    return builder.done();
  }

  slice(from: number, to: number): AlignedText {
    return new AlignedText(this.text.slice(from, to), this.starts.subarray(from, to), this.ends.subarray(from, to));
  }
}

/** Puts an {@link AlignedText} together character by character. */
export class AlignedTextBuilder {
  #text = "";
  #starts: Int32Array;
  #ends: Int32Array;

  constructor(expectedLength: number) {
    this.#starts = new Int32Array(expectedLength + 8);
    this.#ends = new Int32Array(expectedLength + 8);
  }

  /** Adds characters that came from source units [start, end). */
  push(characters: string, start: number, end: number): void {
    const from = this.#text.length;
    const to = from + characters.length;
    if (to > this.#starts.length) this.#grow(to);
    this.#starts.fill(start, from, to);
    this.#ends.fill(end, from, to);
    this.#text += characters;
  }

  done(): AlignedText {
    const length = this.#text.length;
    return new AlignedText(this.#text, this.#starts.subarray(0, length), this.#ends.subarray(0, length));
  }

  #grow(needed: number): void {
    const size = Math.max(needed, 2 * this.#starts.length);
    const starts = new Int32Array(size);
    const ends = new Int32Array(size);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }
}
