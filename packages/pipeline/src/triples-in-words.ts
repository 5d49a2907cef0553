import type { Graph, Triple } from "@kgraft/kg";
import type { TextExample, TripleTerm } from "@kgraft/text";
import { z } from "zod";

/** How entities of a graph are put into words. */
export const entityTextOption = z
  .enum(["label", "label-and-description"])
  .default("label")
  .describe("What stands for an entity: its label, or `label, description` where it has one");

/** Streams a graph's triples in words, in its order; ids are their places. */
export async function* triplesInWords(
  graph: Graph,
  entityText: z.infer<typeof entityTextOption>,
): AsyncGenerator<TextExample> {
  const entities = new Map<string, TripleTerm>();
  for await (const { id, label, description } of graph.entities()) {
    const long = entityText === "label-and-description" && description !== undefined && description !== "";
    entities.set(id, { id, text: long ? `${label}, ${description}` : label });
  }
  const relations = new Map<string, TripleTerm>();
  for await (const { id, label } of graph.relations()) relations.set(id, { id, text: label });
  let place = 0;
  for await (const triple of graph.triples()) yield inWords(`triple-${place++}`, triple, entities, relations);
}

function inWords(
  id: string,
  triple: Triple,
  entities: ReadonlyMap<string, TripleTerm>,
  relations: ReadonlyMap<string, TripleTerm>,
): TextExample {
  const term = (terms: ReadonlyMap<string, TripleTerm>, one: string) => terms.get(one) ?? { id: one, text: one };
  const [head, tail] = [term(entities, triple.head), term(entities, triple.tail)];
  const relation = term(relations, triple.relation);
  return { id, text: `${head.text} ${relation.text} ${tail.text}`, triple: { head, relation, tail } };
}
