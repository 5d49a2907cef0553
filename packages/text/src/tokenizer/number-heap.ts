/** A binary heap of numbers that gives the least first. */
export class NumberHeap {
  readonly #values: number[] = [];

  push(value: number): void {
    const values = this.#values;
    let place = values.length;
    values.push(value);
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if ((values[parent] as number) <= value) break;
      values[place] = values[parent] as number;
      place = parent;
    }
    values[place] = value;
  }

  /** Takes the least number out, or undefined where the heap is empty. */
  pop(): number | undefined {
    const values = this.#values;
    const least = values[0];
    const last = values.pop();
    if (last !== undefined && values.length > 0) this.#sink(last);
    return least;
  }

  #sink(value: number): void {
    const values = this.#values;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= values.length) break;
      if (child + 1 < values.length && (values[child + 1] as number) < (values[child] as number)) child++;
      if ((values[child] as number) >= value) break;
      values[place] = values[child] as number;
      place = child;
    }
    values[place] = value;
  }
}
