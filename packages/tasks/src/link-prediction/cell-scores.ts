/** Key of a place that holds nothing. */
const EMPTY = -1;

/** Scores of triples by number: an open-addressing table in typed arrays, 12 bytes a place. */
export class CellScores {
  #keys = new Float64Array(1024).fill(EMPTY);
  #scores = new Float32Array(1024);
  #size = 0;

  /** @param key a whole number from 0 to 2^53 */
  get(key: number): number | undefined {
    const place = this.#place(key);
    return this.#keys[place] === EMPTY ? undefined : this.#scores[place];
  }

  set(key: number, score: number): void {
    const place = this.#place(key);
    if (this.#keys[place] === EMPTY) this.#size++;
    this.#keys[place] = key;
    this.#scores[place] = score;
    if (2 * this.#size > this.#keys.length) this.#grow();
  }

  #place(key: number): number {
    const mask = this.#keys.length - 1;
    let place = (Math.imul(key % 0x100000000, 0x9e3779b1) ^ Math.imul(Math.floor(key / 0x100000000), 0x85ebca6b)) >>> 0;
    place = (place ^ (place >>> 15)) & mask;
    while (this.#keys[place] !== EMPTY && this.#keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, scores] = [this.#keys, this.#scores];
    this.#keys = new Float64Array(2 * keys.length).fill(EMPTY);
    this.#scores = new Float32Array(2 * keys.length);
    for (const [place, key] of keys.entries()) {
      if (key === EMPTY) continue;
      const moved = this.#place(key);
      this.#keys[moved] = key;
      this.#scores[moved] = scores[place] as number;
    }
  }
}
