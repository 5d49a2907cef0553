import { InputError, suggestion } from "@kgraft/runtime";
import { Int32List } from "./int32-list.ts";
import type { TripleIndex } from "./triple-index.ts";

/** How far a {@link closure} goes and what its relation is called. */
export interface ClosureOptions {
  /** Steps at most, >= 1. Default: as far as the relations lead. */
  readonly maxDepth?: number;
  /** Id of the new relation. Default: the relations joined by `+`, then `*`: `hypernym+instance*`. */
  readonly as?: string;
}

/**
 * Adds the transitive closure of relations as one more relation: head and tail are joined by it where one step or more
 * of any of the relations lead from one to the other. The triples that there were stay, in place; the new ones follow by
 * head, nearest tail first. A cycle ends at where it began and gives no loop.
 *
 * @throws InputError `kg.closure.relation`, `kg.closure.depth`, `kg.closure.as`
 */
export function closure(index: TripleIndex, relations: readonly string[], options: ClosureOptions = {}): TripleIndex {
  const { maxDepth = Number.POSITIVE_INFINITY, as = `${relations.join("+")}*` } = options;
  const chosen = relationNumbers(index, relations);
  assertOptions(index, maxDepth, as);
  const steps = adjacency(index, chosen);
  const number = index.relationIds.length;
  const added = new Int32List(3 * index.entityIds.length);
  const seenFrom = new Int32Array(index.entityIds.length).fill(-1);
  const queue: number[] = [];
  for (let head = 0; head < index.entityIds.length; head++) {
    walk(head, steps, maxDepth, seenFrom, queue);
    for (const tail of queue) {
      added.push(head);
      added.push(number);
      added.push(tail);
    }
  }
  const triples = new Int32Array(index.triples.length + added.length);
  triples.set(index.triples);
  triples.set(added.toArray(), index.triples.length);
  return {
    ...index,
    relationIds: [...index.relationIds, as],
    relationNumber: new Map(index.relationNumber).set(as, number),
    triples,
  };
}

/** Tails of head h are `tails[offsets[h]]` … `tails[offsets[h + 1] - 1]`. */
interface Adjacency {
  readonly offsets: Int32Array;
  readonly tails: Int32Array;
}

function adjacency({ triples, entityIds }: TripleIndex, chosen: ReadonlySet<number>): Adjacency {
  const offsets = new Int32Array(entityIds.length + 1);
  const at = (i: number) => triples[i] as number;
  for (let i = 0; i < triples.length; i += 3)
    if (chosen.has(at(i + 1))) offsets[at(i) + 1] = (offsets[at(i) + 1] as number) + 1;
  for (let h = 0; h < entityIds.length; h++) offsets[h + 1] = (offsets[h + 1] as number) + (offsets[h] as number);
  const next = offsets.slice();
  const tails = new Int32Array(offsets[entityIds.length] as number);
  for (let i = 0; i < triples.length; i += 3) {
    if (!chosen.has(at(i + 1))) continue;
    const place = next[at(i)] as number;
    tails[place] = at(i + 2);
    next[at(i)] = place + 1;
  }
  return { offsets, tails };
}

/** Fills `queue` with what can be reached from `head`, breadth first. `seenFrom[e]` is the last head that reached e. */
function walk(head: number, steps: Adjacency, maxDepth: number, seenFrom: Int32Array, queue: number[]): void {
  queue.length = 0;
  seenFrom[head] = head;
  const visit = (entity: number) => {
    for (let i = steps.offsets[entity] as number; i < (steps.offsets[entity + 1] as number); i++) {
      const tail = steps.tails[i] as number;
      if (seenFrom[tail] === head) continue;
      seenFrom[tail] = head;
      queue.push(tail);
    }
  };
  visit(head);
  for (let depth = 1, done = 0; depth < maxDepth && done < queue.length; depth++)
    for (const end = queue.length; done < end; done++) visit(queue[done] as number);
}

function relationNumbers(index: TripleIndex, relations: readonly string[]): ReadonlySet<number> {
  if (relations.length === 0)
    throw new InputError({
      code: "kg.closure.relation",
      at: "kg.closure",
      problem: "no relation is named",
      wanted: "Wanted at least one",
    });
  return new Set(
    relations.map((id) => {
      const number = index.relationNumber.get(id);
      if (number !== undefined) return number;
      throw new InputError({
        code: "kg.closure.relation",
        at: "kg.closure",
        problem: `no relation "${id}" in the graph`,
        wanted: `It has ${index.relationIds.join(", ") || "none"}`,
        fix: suggestion(id, index.relationIds),
      });
    }),
  );
}

function assertOptions(index: TripleIndex, maxDepth: number, as: string): void {
  if (maxDepth !== Number.POSITIVE_INFINITY && !(Number.isInteger(maxDepth) && maxDepth >= 1))
    throw new InputError({
      code: "kg.closure.depth",
      at: "kg.closure",
      problem: `maxDepth is ${maxDepth}`,
      wanted: "Wanted a whole number >= 1",
    });
  if (index.relationNumber.has(as))
    throw new InputError({
      code: "kg.closure.as",
      at: "kg.closure",
      problem: `the graph already has a relation "${as}"`,
      fix: "Name the closure otherwise with `as`",
    });
}
