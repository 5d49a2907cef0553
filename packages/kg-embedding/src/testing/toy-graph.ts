import type { TripleIndex } from "@kgraft/kg";
import { streams } from "@kgraft/runtime";

/** Numbers the entities and relations of triples in the order in which they come. */
export function toyIndex(triples: readonly (readonly [head: string, relation: string, tail: string])[]): TripleIndex {
  const entityNumber = new Map<string, number>();
  const relationNumber = new Map<string, number>();
  const number = (numbers: Map<string, number>, id: string): number => {
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  };
  const flat = triples.flatMap(([head, relation, tail]) => [
    number(entityNumber, head),
    number(relationNumber, relation),
    number(entityNumber, tail),
  ]);
  return {
    entityIds: [...entityNumber.keys()],
    relationIds: [...relationNumber.keys()],
    entityNumber,
    relationNumber,
    triples: Int32Array.from(flat),
  };
}

export interface ToyWorld {
  readonly train: TripleIndex;
  readonly validation: TripleIndex;
  readonly test: TripleIndex;
}

/**
 * People born in cities that lie in countries whose nationality they then have: the fact that is held out of some
 * people follows from the other two.
 */
export function toyWorld(people: number, seed: number): ToyWorld {
  const draw = streams(seed).at("toy-world");
  const countries = 5;
  const cities = 20;
  const facts: [string, string, string][] = [];
  const held: [string, string, string][] = [];
  for (let city = 0; city < cities; city++) facts.push([`city ${city}`, "lies in", `country ${city % countries}`]);
  for (let person = 0; person < people; person++) {
    const city = draw.integer(cities);
    facts.push([`person ${person}`, "born in", `city ${city}`]);
    const fact: [string, string, string] = [`person ${person}`, "citizen of", `country ${city % countries}`];
    (person % 4 === 0 ? held : facts).push(fact);
  }
  const all = toyIndex([...facts, ...held]);
  const part = (start: number, end: number): TripleIndex => ({
    ...all,
    triples: all.triples.slice(3 * start, 3 * end),
  });
  const half = facts.length + Math.floor(held.length / 2);
  return {
    train: part(0, facts.length),
    validation: part(facts.length, half),
    test: part(half, facts.length + held.length),
  };
}
