/** The node from which all sequences start. */
export const root = 0;

const slotSize = 3;

/**
 * Sequences of integer keys as a tree in typed arrays: an open-addressing table from (node, key) to the next node, 12
 * bytes a slot, and one value a node.
 */
export class TokenTrie {
  /** Flat (node + 1, key, child); a slot whose first number is 0 is empty. */
  #slots = new Int32Array(slotSize * 1024);
  #mask = 1023;
  #edges = 0;
  #values = new Int32Array(1024).fill(-1);

  /** The next node, or -1. */
  child(node: number, key: number): number {
    const place = this.#find(node, key);
    return this.#slots[place] === 0 ? -1 : (this.#slots[place + 2] as number);
  }

  /** The value of a sequence's last node, or -1. */
  value(node: number): number {
    return this.#values[node] as number;
  }

  /** Walks a sequence, adding what is missing, and returns its last node. */
  insert(keys: readonly number[]): number {
    let node = root;
    for (const key of keys) node = this.#step(node, key);
    return node;
  }

  setValue(node: number, value: number): void {
    this.#values[node] = value;
  }

  #step(node: number, key: number): number {
    const place = this.#find(node, key);
    if (this.#slots[place] !== 0) return this.#slots[place + 2] as number;
    const child = ++this.#edges;
    this.#slots[place] = node + 1;
    this.#slots[place + 1] = key;
    this.#slots[place + 2] = child;
    if (2 * this.#edges > this.#mask) this.#rehash();
    if (child >= this.#values.length) this.#values = enlarge(this.#values);
    return child;
  }

  /** Place of the slot that holds (node, key), or of the empty one where it belongs. */
  #find(node: number, key: number): number {
    let slot = hash(node, key) & this.#mask;
    for (;;) {
      const place = slotSize * slot;
      const owner = this.#slots[place] as number;
      if (owner === 0 || (owner === node + 1 && this.#slots[place + 1] === key)) return place;
      slot = (slot + 1) & this.#mask;
    }
  }

  #rehash(): void {
    const old = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Int32Array(slotSize * (this.#mask + 1));
    for (let from = 0; from < old.length; from += slotSize) {
      if (old[from] === 0) continue;
      const place = this.#find((old[from] as number) - 1, old[from + 1] as number);
      this.#slots.set(old.subarray(from, from + slotSize), place);
    }
  }
}

function enlarge(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length).fill(-1);
  larger.set(values);
  return larger;
}

function hash(node: number, key: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(key, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
