/** Pieces of one sequence as they are found: id, start, end (UTF-16 units of the text) and word of each. */
export class PieceBuffer {
  /** Flat [id, start, end, word, …]; only the first 4 × length numbers count. */
  values = new Int32Array(4 * 256);
  length = 0;
  /** Words so far. */
  words = 0;

  push(id: number, start: number, end: number, word: number): void {
    const place = 4 * this.length++;
    if (place === this.values.length) this.#grow();
    this.values[place] = id;
    this.values[place + 1] = start;
    this.values[place + 2] = end;
    this.values[place + 3] = word;
  }

  /** Adds the pieces of a text that starts at `offset`. */
  append(other: PieceBuffer, offset: number): void {
    for (let from = 0; from < 4 * other.length; from += 4)
      this.push(
        other.values[from] as number,
        offset + (other.values[from + 1] as number),
        offset + (other.values[from + 2] as number),
        this.words + (other.values[from + 3] as number),
      );
    this.words += other.words;
  }

  /** A copy that holds no spare room. */
  compact(): PieceBuffer {
    const copy = new PieceBuffer();
    copy.values = this.values.slice(0, 4 * this.length);
    copy.length = this.length;
    copy.words = this.words;
    return copy;
  }

  clear(): void {
    this.length = 0;
    this.words = 0;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.values.length);
    larger.set(this.values);
    this.values = larger;
  }
}
