import { RunError } from "@kgraft/runtime";
import type { CorpusPosition } from "./document.ts";

/** A place that is kept, and how many documents after it the wanted one stands. */
export type KeptPlace = Omit<CorpusPosition, "document"> & { readonly before: number };

/** Where documents begin: every one's place at first; where room ends, every second of those kept is let go. */
export class SampledPositions {
  readonly #most: number;
  #values: Float64Array; // [file, byte, line] of every stride-th document
  #stride = 1;
  #kept = 0;
  #length = 0;

  /** @param most places that are kept, 24 bytes each */
  constructor(most = 1 << 19) {
    this.#most = most;
    this.#values = new Float64Array(3 * Math.min(most, 1024));
  }

  /** Documents pushed. */
  get length(): number {
    return this.#length;
  }

  /** Adds where the next document begins. */
  push({ file, byte, line }: Omit<CorpusPosition, "document">): void {
    const number = this.#length++;
    if (number % this.#stride !== 0) return;
    if (this.#kept === this.#most) {
      this.#thin();
      if (number % this.#stride !== 0) return;
    }
    if (3 * this.#kept === this.#values.length) this.#grow();
    this.#values.set([file, byte, line], 3 * this.#kept++);
  }

  /** The last kept place at or before a document. */
  before(index: number): KeptPlace {
    if (!(Number.isInteger(index) && index >= 0 && index < this.#length))
      throw new RunError({
        code: "text.corpus.index",
        at: "text.corpus",
        problem: `document ${index} of ${this.#length}`,
        wanted: "Wanted a number from 0 on, below the corpus' length",
      });
    const kept = Math.floor(index / this.#stride);
    const [file = 0, byte = 0, line = 0] = this.#values.subarray(3 * kept, 3 * kept + 3);
    return { file, byte, line, before: index - kept * this.#stride };
  }

  #thin(): void {
    this.#stride *= 2;
    this.#kept = Math.ceil(this.#kept / 2);
    for (let i = 1; i < this.#kept; i++) this.#values.copyWithin(3 * i, 6 * i, 6 * i + 3);
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(2 * this.#values.length, 3 * this.#most));
    larger.set(this.#values);
    this.#values = larger;
  }
}
