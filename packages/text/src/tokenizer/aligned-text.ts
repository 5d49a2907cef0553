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

  /**
   * Rewrites the text from its first character on.
   *
   * @source Rust `tokenizers` 0.23.2, tokenizer/normalizer.rs, `transform_range`
   */
  transform(changes: Iterable<Readonly<Change>>): AlignedText {
    const { text, starts, ends } = this;
    const builder = new AlignedTextBuilder(text.length);
    let at = 0; // the next old character
    const skip = (characters: number): void => {
      for (let i = 0; i < characters && at < text.length; i++) at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
    };
    for (const { character, change } of changes) {
      const source = change > 0 ? at - 1 : Math.min(at, text.length - 1);
      builder.push(character, starts[source] ?? 0, ends[source] ?? 0);
      if (change <= 0) skip(1 - change);
    }
    return builder.done();
  }
}

/** A character of a rewritten text: 0 stands for the next old one, 1 is new, -n also stands for n old ones after it. */
export interface Change {
  readonly character: string;
  change: number;
}

/** Puts a character before a text; it belongs to the text's first one. */
export function withPrefix(source: AlignedText, character: string): AlignedText {
  const before = (values: Int32Array) => {
    const longer = new Int32Array(values.length + 1);
    longer.set(values, 1);
    longer[0] = values[0] as number;
    return longer;
  };
  return new AlignedText(character + source.text, before(source.starts), before(source.ends));
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

  /** Adds a text as it is. */
  append({ text, starts, ends }: AlignedText): void {
    const from = this.#text.length;
    if (from + text.length > this.#starts.length) this.#grow(from + text.length);
    this.#starts.set(starts, from);
    this.#ends.set(ends, from);
    this.#text += text;
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
