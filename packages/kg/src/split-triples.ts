import { InputError, type Streams } from "@kgraft/runtime";
import type { TripleIndex } from "./triple-index.ts";

/** How {@link splitTriples} divides; fractions of all triples, together below 1. */
export interface SplitOptions {
  readonly validation: number;
  readonly test: number;
  readonly streams: Streams;
}

/** Three parts of one index: same numbering, triples in the order of the source. */
export interface TripleSplit {
  readonly train: TripleIndex;
  readonly validation: TripleIndex;
  readonly test: TripleIndex;
}

const TRAIN = 0;
const VALIDATION = 1;
const TEST = 2;

/**
 * Divides triples at random into training, validation and test.
 *
 * All triples between the same two entities, whatever their direction and relation, go to one side: so neither a
 * doubled, symmetric or inverse triple nor a closure's copy gives an answer away. Every entity and relation that has a
 * triple keeps one in training; where that leaves too few to take, the parts are smaller than asked for.
 *
 * @throws InputError `kg.split.fractions`
 */
export function splitTriples(index: TripleIndex, { validation, test, streams }: SplitOptions): TripleSplit {
  if (!(validation >= 0 && test >= 0 && validation + test < 1))
    throw new InputError({
      code: "kg.split.fractions",
      at: "kg.splitTriples",
      problem: `validation is ${validation} and test is ${test}`,
      wanted: "Wanted fractions >= 0 whose sum is below 1",
    });
  const { members, offsets } = groupByPair(index);
  const side = new Uint8Array(index.triples.length / 3);
  const training = new TrainingCounts(index);
  const wanted = [0, validation, test].map((fraction) => Math.round(fraction * side.length));
  let filling = TEST;
  for (const group of streams.at("kg/split-triples").permutation(offsets.length - 1)) {
    while (filling !== TRAIN && wanted[filling] === 0) filling--;
    if (filling === TRAIN) break;
    const triples = members.subarray(offsets[group], offsets[group + 1]);
    if (triples.length > (wanted[filling] as number) || !training.canSpare(triples)) continue;
    for (const triple of triples) side[triple] = filling;
    wanted[filling] = (wanted[filling] as number) - triples.length;
  }
  const part = (of: number): TripleIndex => ({
    ...index,
    triples: index.triples.filter((_, i) => side[Math.floor(i / 3)] === of),
  });
  return { train: part(TRAIN), validation: part(VALIDATION), test: part(TEST) };
}

/** How many training triples every entity and relation still has. */
class TrainingCounts {
  readonly #triples: Int32Array;
  readonly #entities: Int32Array;
  readonly #relations: Int32Array;

  constructor({ triples, entityIds, relationIds }: TripleIndex) {
    this.#triples = triples;
    this.#entities = new Int32Array(entityIds.length);
    this.#relations = new Int32Array(relationIds.length);
    for (let i = 0; i < triples.length / 3; i++) this.#add(i, 1);
  }

  /** Takes triples out of training, unless something would be left without any. */
  canSpare(triples: Int32Array): boolean {
    for (const triple of triples) this.#add(triple, -1);
    const spared = triples.every((triple) => this.#leavesSome(triple));
    if (!spared) for (const triple of triples) this.#add(triple, 1);
    return spared;
  }

  #leavesSome(triple: number): boolean {
    const [head, relation, tail] = this.#parts(triple);
    return (
      (this.#entities[head] as number) > 0 &&
      (this.#entities[tail] as number) > 0 &&
      (this.#relations[relation] as number) > 0
    );
  }

  #add(triple: number, by: number): void {
    const [head, relation, tail] = this.#parts(triple);
    this.#entities[head] = (this.#entities[head] as number) + by;
    this.#entities[tail] = (this.#entities[tail] as number) + by;
    this.#relations[relation] = (this.#relations[relation] as number) + by;
  }

  #parts(triple: number): [head: number, relation: number, tail: number] {
    const at = 3 * triple;
    return [this.#triples[at] as number, this.#triples[at + 1] as number, this.#triples[at + 2] as number];
  }
}

/** Triples by unordered pair of entities: group g holds `members[offsets[g]]` … `members[offsets[g + 1] - 1]`. */
function groupByPair({ triples, entityIds }: TripleIndex): { members: Int32Array; offsets: Int32Array } {
  const count = triples.length / 3;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const head = triples[3 * i] as number;
    const tail = triples[3 * i + 2] as number;
    keys[i] = Math.min(head, tail) * entityIds.length + Math.max(head, tail);
  }
  const pairs = keys.slice().sort();
  const distinct = pairs.filter((key, i) => i === 0 || key !== pairs[i - 1]);
  const groups = Int32Array.from(keys, (key) => positionOf(key, distinct));
  const offsets = new Int32Array(distinct.length + 1);
  for (const group of groups) offsets[group + 1] = (offsets[group + 1] as number) + 1;
  for (let g = 0; g < distinct.length; g++) offsets[g + 1] = (offsets[g + 1] as number) + (offsets[g] as number);
  const next = offsets.slice();
  const members = new Int32Array(count);
  for (const [triple, group] of groups.entries()) {
    const place = next[group] as number;
    members[place] = triple;
    next[group] = place + 1;
  }
  return { members, offsets };
}

/** Where a value that is there stands in a sorted array. */
function positionOf(value: number, sorted: Float64Array): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
