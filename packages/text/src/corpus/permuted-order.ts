import { type Draw, philox } from "@kgraft/runtime";

const rounds = 4;

/**
 * A permutation of 0 … length-1 that holds no list: each place is computed when it is asked for.
 *
 * @param draw decides the permutation, e.g. `streams(seed).at("corpus/order", epoch)`
 * @returns the index at a place
 * @source Luby and Rackoff, 1988: four Feistel rounds with Philox; places beyond the length are walked on from
 */
export function permutedOrder(length: number, draw: Draw): (place: number) => number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, length)) / 2)); // bits of one half
  const side = 2 ** half;
  const keys = Array.from({ length: rounds }, () => Uint32Array.of(draw.bits(), draw.bits()));
  const counter = new Uint32Array(4);
  const block = new Uint32Array(4);
  const mix = (value: number, key: Uint32Array): number => {
    counter[0] = value;
    philox(counter, key, block);
    return (block[0] as number) % side;
  };
  const step = (place: number): number => {
    let [left, right] = [Math.floor(place / side), place % side];
    for (const key of keys) [left, right] = [right, (left + mix(right, key)) % side];
    return left * side + right;
  };
  return (place) => {
    let at = step(place);
    while (at >= length) at = step(at);
    return at;
  };
}
