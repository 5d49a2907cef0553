/** A list of 32-bit integers that grows; what is done with millions of triples must not make objects. */
export class Int32List {
  #values: Int32Array;
  #length = 0;

  constructor(capacity = 1024) {
    this.#values = new Int32Array(Math.max(16, capacity));
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Int32Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** The values so far, in an array of exactly their number. */
  toArray(): Int32Array {
    return this.#values.slice(0, this.#length);
  }
}
