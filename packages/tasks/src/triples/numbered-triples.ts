import { InputError } from "@kgraft/runtime";
import type { TextExample, TripleTerm, TripleText } from "@kgraft/text";
import type { Splits } from "../contract.ts";

/** Triples as numbers: head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
export type TripleNumbers = Int32Array;

/** The true triples of a task's parts, with entities and relations numbered in the order in which they first occur. */
export interface NumberedTriples {
  readonly entities: readonly TripleTerm[];
  readonly relations: readonly TripleTerm[];
  readonly train: TripleNumbers;
  readonly validation: TripleNumbers;
  readonly test: TripleNumbers;
  /** The numbers of an example's triple. */
  numbersOf(example: TextExample): readonly [head: number, relation: number, tail: number];
}

/**
 * Whether an example's triple is true: labelled 1, or not labelled; -1 and 0 are false.
 *
 * @throws InputError `tasks.triples.label` for another label
 */
export function isTrue({ id, labels }: TextExample, at: string): boolean {
  const [label = "1", ...more] = labels ?? [];
  if (more.length === 0 && label === "1") return true;
  if (more.length === 0 && (label === "-1" || label === "0")) return false;
  throw new InputError({
    code: "tasks.triples.label",
    at,
    problem: `example ${JSON.stringify(id)} has the labels ${JSON.stringify(labels)}`,
    wanted: "Wanted 1 for a true triple, -1 or 0 for a false one, or none: true",
  });
}

/**
 * Numbers what a task's triples speak of.
 *
 * @throws InputError `tasks.triples.none` naming an example without a triple, `tasks.triples.label`
 */
export function numberTriples(splits: Splits, task: string): NumberedTriples {
  const [entities, relations] = [new Terms(), new Terms()];
  const numbersOf = (example: TextExample) => {
    const { head, relation, tail } = tripleOf(example, task);
    return [entities.number(head), relations.number(relation), entities.number(tail)] as const;
  };
  const part = (split: keyof Splits): TripleNumbers =>
    Int32Array.from(
      splits[split].flatMap((example) => {
        const numbers = numbersOf(example);
        return isTrue(example, `${task}.${split}`) ? numbers : [];
      }),
    );
  const [train, validation, test] = [part("train"), part("validation"), part("test")];
  return { entities: entities.list, relations: relations.list, train, validation, test, numbersOf };
}

/** @throws InputError `tasks.triples.none` */
export function tripleOf({ id, triple }: TextExample, task: string): TripleText {
  if (triple !== undefined) return triple;
  throw new InputError({
    code: "tasks.triples.none",
    at: task,
    problem: `example ${JSON.stringify(id)} has no triple`,
    wanted: 'Wanted "triple": {"head": {"id", "text"}, "relation": {…}, "tail": {…}}',
  });
}

/** One number for a triple: exact where N² R is below 2^53. */
export function tripleKey(
  head: number,
  relation: number,
  tail: number,
  { entities, relations }: Pick<NumberedTriples, "entities" | "relations">,
): number {
  return (head * relations.length + relation) * entities.length + tail;
}

/** A triple in words as an example. */
export function tripleExample(
  id: string,
  [head, relation, tail]: readonly [number, number, number],
  { entities, relations }: Pick<NumberedTriples, "entities" | "relations">,
  labels?: readonly string[],
): TextExample {
  const triple = {
    head: entities[head] as TripleTerm,
    relation: relations[relation] as TripleTerm,
    tail: entities[tail] as TripleTerm,
  };
  const text = `${triple.head.text} ${triple.relation.text} ${triple.tail.text}`;
  return { id, text, triple, ...(labels && { labels }) };
}

/** Terms by id, numbered as they come; the first text of an id stands. */
class Terms {
  readonly list: TripleTerm[] = [];
  readonly #numbers = new Map<string, number>();

  number(term: TripleTerm): number {
    const known = this.#numbers.get(term.id);
    if (known !== undefined) return known;
    this.#numbers.set(term.id, this.list.length);
    return this.list.push(term) - 1;
  }
}
