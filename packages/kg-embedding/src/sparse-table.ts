import type { VectorTable } from "./embedding-tables.ts";

/** Added to the root of the accumulator, as PyTorch does. */
const EPSILON = 1e-10;

/**
 * A table of float32 rows on the host that Adagrad changes row by row: the gradients of one step are first summed per
 * row, so that a row that occurs twice moves as with a dense gradient, and rows without gradient are not touched.
 *
 * @source Duchi et al., JMLR 2011, diagonal form; accumulators start at 0
 */
export class SparseTable implements VectorTable {
  readonly rows: number;
  readonly width: number;
  /** float32 [rows, width] */
  readonly values: Float32Array;
  /** Sums of squared gradients, float32 [rows, width]. */
  readonly accumulators: Float32Array;
  /** Place of a row's gradient sum in this step, or -1. */
  readonly #slot: Int32Array;
  readonly #touched: number[] = [];
  #sums: Float32Array;

  constructor(rows: number, width: number) {
    this.rows = rows;
    this.width = width;
    this.values = new Float32Array(rows * width);
    this.accumulators = new Float32Array(rows * width);
    this.#slot = new Int32Array(rows).fill(-1);
    this.#sums = new Float32Array(256 * width);
  }

  /** Adds gradients, float32 [rows.length, width], to the sums of this step. */
  addGradients(rows: Int32Array, gradients: Float32Array): void {
    const { width } = this;
    for (let i = 0, from = 0; i < rows.length; i++) {
      let to = this.#placeOf(rows[i] as number) * width;
      const sums = this.#sums;
      for (const end = from + width; from < end; from++, to++)
        sums[to] = (sums[to] as number) + (gradients[from] as number);
    }
  }

  /** Applies the summed gradients: `a += g²; x -= rate * g / (√a + 1e-10)`. */
  step(rate: number): void {
    const { width, values, accumulators } = this;
    const sums = this.#sums;
    for (let place = 0, from = 0; place < this.#touched.length; place++) {
      const row = this.#touched[place] as number;
      this.#slot[row] = -1;
      for (let at = row * width, end = at + width; at < end; at++, from++) {
        const gradient = sums[from] as number;
        sums[from] = 0;
        const accumulator = (accumulators[at] as number) + gradient * gradient;
        accumulators[at] = accumulator;
        values[at] = (values[at] as number) - (rate * gradient) / (Math.sqrt(accumulator) + EPSILON);
      }
    }
    this.#touched.length = 0;
  }

  #placeOf(row: number): number {
    const known = this.#slot[row] as number;
    if (known !== -1) return known;
    const place = this.#touched.push(row) - 1;
    this.#slot[row] = place;
    if (this.#sums.length < (place + 1) * this.width) {
      const grown = new Float32Array(2 * this.#sums.length);
      grown.set(this.#sums);
      this.#sums = grown;
    }
    return place;
  }
}
