import { RunError } from "./errors.ts";

/**
 * Named, counter-based random streams: a draw is a function of (seed, stream name, indices, position), so that data
 * order, masking, dropout and initialisation never depend on each other, on batch size or on how many workers ran.
 *
 * @source Salmon et al., SC 2011, Philox4x32 with 10 rounds
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The high 32 bits of an unsigned 32 x 32 product. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
}

/** Philox4x32-10: four unsigned 32-bit words from a 128-bit counter and a 64-bit key, written into `out`. */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0] as number;
  let c1 = counter[1] as number;
  let c2 = counter[2] as number;
  let c3 = counter[3] as number;
  let k0 = key[0] as number;
  let k1 = key[1] as number;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Draws from one stream, in order. Two of the same seed, name and indices give the same numbers. */
export interface Draw {
  /** An unsigned 32-bit integer. */
  bits(): number;
  /** A number in [0, 1) with 32 random bits. */
  uniform(): number;
  /** An integer in [0, limit), without bias; limit from 1 to 2^32. */
  integer(limit: number): number;
  /** A standard normal number. */
  normal(): number;
  /** Fills with N(0, deviation²) and returns the array. */
  fillNormal(values: Float32Array, deviation: number): Float32Array;
  /** A permutation of 0 … length-1. */
  permutation(length: number): Int32Array;
  /** Gives each of 0 … length-1 another, itself only where it is alone: one cycle through all, in the order of a permutation. */
  cycle(length: number): Int32Array;
}

/** The streams of one seed. */
export interface Streams {
  readonly seed: number;
  /**
   * Opens a stream by name and indices, e.g. `at("masking", epoch, example)`.
   *
   * @param indices unsigned integers below 2^53
   */
  at(name: string, ...indices: readonly number[]): Draw;
}

/** The named streams of a seed (any safe integer). */
export function streams(seed: number): Streams {
  return {
    seed,
    at: (name, ...indices) => new PhiloxDraw(seed, name, indices),
  };
}

/** FNV-1a over UTF-16 units and 32-bit words, finished with an avalanche: names and indices to key words. */
function hashWords(start: number, words: Iterable<number>): number {
  let hash = start >>> 0;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

const low = (value: number): number => value >>> 0;
const high = (value: number): number => Math.floor(value / 0x100000000) >>> 0;

class PhiloxDraw implements Draw {
  readonly #key: Uint32Array;
  readonly #counter: Uint32Array;
  readonly #block = new Uint32Array(4);
  #next = 4;
  #spare: number | undefined;

  constructor(seed: number, name: string, indices: readonly number[]) {
    const units = Array.from(name, (_, i) => name.charCodeAt(i));
    this.#key = Uint32Array.of(
      hashWords(0x811c9dc5, [low(seed), high(seed), ...units]),
      hashWords(0x2c1b3c6d, [...units, high(seed), low(seed)]),
    );
    const words = indices.flatMap((index) => [low(index), high(index)]);
    // Words 0 and 1 count blocks; up to one index sits in words 2 and 3 as it is, more are hashed into them.
    this.#counter =
      indices.length <= 1
        ? Uint32Array.of(0, 0, words[0] ?? 0, words[1] ?? 0)
        : Uint32Array.of(0, 0, hashWords(0x9747b28c, words), hashWords(0x1b873593, [...words, indices.length]));
  }

  bits(): number {
    if (this.#next === 4) {
      philox(this.#counter, this.#key, this.#block);
      this.#counter[0] = ((this.#counter[0] as number) + 1) >>> 0;
      if (this.#counter[0] === 0) this.#counter[1] = ((this.#counter[1] as number) + 1) >>> 0;
      this.#next = 0;
    }
    return this.#block[this.#next++] as number;
  }

  uniform(): number {
    return this.bits() / 0x100000000;
  }

  integer(limit: number): number {
    if (!(limit >= 1 && limit <= 0x100000000))
      throw new RunError({
        code: "runtime.random",
        at: "runtime.random",
        problem: `integer(${limit}) has no number to give`,
        wanted: "Wanted a limit from 1 to 2^32",
      });
    const bound = 0x100000000 - (0x100000000 % limit);
    let bits = this.bits();
    while (bits >= bound) bits = this.bits();
    return bits % limit;
  }

  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.bits() + 1) / 0x100000000));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  fillNormal(values: Float32Array, deviation: number): Float32Array {
    for (let i = 0; i < values.length; i++) values[i] = this.normal() * deviation;
    return values;
  }

  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i] as number;
      order[i] = order[j] as number;
      order[j] = kept;
    }
    return order;
  }

  cycle(length: number): Int32Array {
    const order = this.permutation(length);
    const others = new Int32Array(length);
    for (const [i, own] of order.entries()) others[own] = order[(i + 1) % length] as number;
    return others;
  }
}
