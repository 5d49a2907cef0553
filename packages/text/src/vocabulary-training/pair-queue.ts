/** A pair of neighbouring pieces, and how often it stood in the words when it was put in. */
export interface CountedPair {
  readonly key: number;
  readonly count: number;
}

/** Gives the most frequent pair first, of equally frequent ones the smallest key. */
export class PairQueue {
  readonly #heap: CountedPair[] = [];

  push(pair: CountedPair): void {
    const heap = this.#heap;
    let at = heap.push(pair) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!before(pair, heap[parent] as CountedPair)) break;
      heap[at] = heap[parent] as CountedPair;
      at = parent;
    }
    heap[at] = pair;
  }

  pop(): CountedPair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && before(heap[child + 1] as CountedPair, heap[child] as CountedPair)) child++;
      if (!before(heap[child] as CountedPair, last)) break;
      heap[at] = heap[child] as CountedPair;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

const before = (a: CountedPair, b: CountedPair) => a.count > b.count || (a.count === b.count && a.key < b.key);
