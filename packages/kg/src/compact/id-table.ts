import type { Texts } from "./texts.ts";

/** Finds the number of an id among texts, by a hash table of integers: 4 to 8 bytes an id beside the texts themselves. */
export class IdTable {
  #slots: Int32Array;
  #count = 0;
  #scratch = Buffer.allocUnsafe(256);

  constructor(expected = 0) {
    this.#slots = new Int32Array(tableSize(expected)).fill(-1);
  }

  /** Makes the table of texts that are there, no two of them equal. */
  static of(texts: Texts): IdTable {
    const table = new IdTable(texts.offsets.length - 1);
    for (let i = 0; i < texts.offsets.length - 1; i++) {
      const key = texts.bytes.subarray(texts.offsets[i], texts.offsets[i + 1]);
      table.#slots[table.#slot(key, key.length, undefined)] = i;
      table.#count++;
    }
    return table;
  }

  /** The number of an id, or -1. */
  find(id: string, texts: Texts): number {
    return this.#slots[this.#slot(this.#encode(id), this.#encoded, texts)] as number;
  }

  /** Enters the next id, which is the last of `texts` and is not in the table. */
  add(id: string, texts: Texts): void {
    if (2 * this.#count >= this.#slots.length) this.#grow(texts);
    this.#slots[this.#slot(this.#encode(id), this.#encoded, texts)] = this.#count++;
  }

  #encoded = 0;

  #encode(id: string): Buffer {
    if (3 * id.length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(6 * id.length);
    this.#encoded = this.#scratch.write(id, 0, "utf8");
    return this.#scratch;
  }

  /** The slot of a key: its own, or the empty one where it belongs. Without `texts` the key is new for sure. */
  #slot(key: Buffer, length: number, texts: Texts | undefined): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(key, length) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number;
      if (number === -1 || (texts !== undefined && isText(texts, number, key, length))) return slot;
    }
  }

  #grow(texts: Texts): void {
    const { bytes, offsets } = texts;
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    for (let i = 0; i < this.#count; i++) {
      const key = bytes.subarray(offsets[i], offsets[i + 1]);
      this.#slots[this.#slot(key, key.length, undefined)] = i;
    }
  }
}

function tableSize(expected: number): number {
  let size = 1 << 10;
  while (size < 2 * expected) size *= 2;
  return size;
}

function isText({ bytes, offsets }: Texts, number: number, key: Buffer, length: number): boolean {
  const begin = offsets[number] as number;
  if ((offsets[number + 1] as number) - begin !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[begin + i] !== key[i]) return false;
  return true;
}

/** FNV-1a with a final mix, over UTF-8 bytes. */
function hash(key: Buffer, length: number): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < length; i++) value = Math.imul(value ^ (key[i] as number), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 13)) >>> 0;
}

/** The order of texts by their bytes, which is that of their code points; undefined where they stand in it already. */
export function sortedOrder(texts: Texts): Int32Array | undefined {
  const { bytes, offsets } = texts;
  const count = offsets.length - 1;
  const compare = (a: number, b: number) =>
    bytes.compare(bytes, offsets[b], offsets[b + 1], offsets[a], offsets[a + 1]);
  let sorted = true;
  for (let i = 1; i < count && sorted; i++) sorted = compare(i - 1, i) <= 0;
  return sorted ? undefined : Int32Array.from({ length: count }, (_, i) => i).sort(compare);
}
