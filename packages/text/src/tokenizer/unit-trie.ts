/** Pieces by their UTF-16 units, for finding all that a text holds at a place. */
export class UnitTrie {
  readonly #children = new Map<number, number>(); // 65536 × node + unit
  readonly #values: number[] = [-1];

  add(piece: string, value: number): void {
    let node = 0;
    for (let i = 0; i < piece.length; i++) {
      const key = 65536 * node + piece.charCodeAt(i);
      let child = this.#children.get(key);
      if (child === undefined) {
        child = this.#values.push(-1) - 1;
        this.#children.set(key, child);
      }
      node = child;
    }
    this.#values[node] = value;
  }

  /** Visits every piece that begins at a place, shortest first. */
  prefixes(text: string, from: number, visit: (end: number, value: number) => void): void {
    let node = 0;
    for (let i = from; i < text.length; i++) {
      const child = this.#children.get(65536 * node + text.charCodeAt(i));
      if (child === undefined) return;
      node = child;
      const value = this.#values[node] as number;
      if (value !== -1) visit(i + 1, value);
    }
  }
}
