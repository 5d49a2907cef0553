import { InputError } from "@kgraft/runtime";
import type { Relation } from "../graph.ts";
import { relationWords } from "../graph-builder.ts";
import { compareIds } from "../id-order.ts";
import type { MappedNodes } from "./mapped-nodes.ts";

/** A relation with how many triples have it. */
export interface CountedRelation extends Relation {
  readonly triples: number;
}

/**
 * Counts the relations that triples of a mapping have, sorted by id.
 *
 * @throws InputError `kg.neo4j.property` where the words of one are no text
 */
export async function countRelations(nodes: MappedNodes): Promise<readonly CountedRelation[]> {
  const counted = new Map<string, { triples: number; words: Set<string> }>();
  for (const part of nodes.parts) {
    const { rows } = await nodes.read(nodes.queries.countRelations(part.number), {}, "counting relationships");
    for (const [relation, triples, words] of rows as [string, bigint, unknown[] | null][]) {
      const one = counted.get(relation) ?? { triples: 0, words: new Set<string>() };
      counted.set(relation, one);
      one.triples += Number(triples);
      for (const word of words ?? []) one.words.add(text(nodes, relation, word));
    }
  }
  return [...counted]
    .sort(([a], [b]) => compareIds(a, b))
    .map(([id, { triples, words }]) => {
      const [label = relationWords(id)] = [...words].sort(compareIds);
      return { id, label, triples };
    });
}

function text({ connection, options }: MappedNodes, relation: string, words: unknown): string {
  if (typeof words === "string" && words !== "") return words;
  throw new InputError({
    code: "kg.neo4j.property",
    at: `${connection.name} relationship ${relation}`,
    problem: `property "${options.relations.label}", mapped to label, is ${JSON.stringify(String(words))}`,
    wanted: "Wanted a string of one character or more",
    fix: "Correct it in the graph, or leave graph.relations.label out: then the type's own words are taken",
  });
}
