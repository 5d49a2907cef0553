import { InputError } from "@kgraft/runtime";
import type { Graph } from "./graph.ts";
import { Int32List } from "./int32-list.ts";

/**
 * A graph's triples as numbers: the form that embedding, ranking and fusion work on.
 * Entities and relations are numbered in the order of the source.
 */
export interface TripleIndex {
  readonly entityIds: readonly string[];
  readonly relationIds: readonly string[];
  /** Entity id to its number. */
  readonly entityNumber: ReadonlyMap<string, number>;
  readonly relationNumber: ReadonlyMap<string, number>;
  /** head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
  readonly triples: Int32Array;
}

/**
 * Numbers a graph's entities, relations and triples, all in the order of the source.
 *
 * @throws InputError `kg.index.unknown` where a triple names what the graph does not list
 */
export async function indexTriples(graph: Graph): Promise<TripleIndex> {
  const counts = await graph.counts();
  const entityNumber = new Map<string, number>();
  for await (const { id } of graph.entities()) entityNumber.set(id, entityNumber.size);
  const relationNumber = new Map<string, number>();
  for await (const { id } of graph.relations()) relationNumber.set(id, relationNumber.size);
  const triples = new Int32List(3 * counts.triples);
  const numberOf = (numbers: ReadonlyMap<string, number>, id: string, part: string): number => {
    const number = numbers.get(id);
    if (number !== undefined) return number;
    throw new InputError({
      code: "kg.index.unknown",
      at: `${graph.source} triple ${triples.length / 3 + 1}`,
      problem: `${part} "${id}" is not listed by the graph`,
      wanted: "Wanted a graph that lists every entity and relation of its triples",
    });
  };
  for await (const { head, relation, tail } of graph.triples()) {
    const numbers = [
      numberOf(entityNumber, head, "head"),
      numberOf(relationNumber, relation, "relation"),
      numberOf(entityNumber, tail, "tail"),
    ];
    for (const number of numbers) triples.push(number);
  }
  return {
    entityIds: [...entityNumber.keys()],
    relationIds: [...relationNumber.keys()],
    entityNumber,
    relationNumber,
    triples: triples.toArray(),
  };
}
