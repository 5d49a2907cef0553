import type { Graph, Triple } from "@kgraft/kg";
import type { WklmOptions } from "./options.ts";

/** An entity and one type of it; a pair may come twice. */
export type TypedEntity = readonly [entity: string, type: string];

/** Where types come from. */
export interface EntityTypes {
  /** The types of an entity, each once; none for an entity that the graph does not have. */
  of(entity: string): Promise<readonly string[]>;
  /** All entities of the graph with their types, streamed. */
  all(): AsyncIterable<TypedEntity>;
}

/** Reads types as the option says: stated, tails of relations, or roles in relations. */
export function entityTypes(graph: Graph, types: WklmOptions["types"]): EntityTypes {
  if (types === "stated") return statedTypes(graph);
  if (types === "roles") return tripleTypes(graph, roles);
  return tripleTypes(graph, ({ head, tail }) => [[head, tail]], { direction: "out", relations: types });
}

function statedTypes(graph: Graph): EntityTypes {
  return {
    of: async (id) => [...new Set((await graph.entity(id))?.types)],
    async *all() {
      for await (const { id, types } of graph.entities()) for (const type of types) yield [id, type];
    },
  };
}

/** Two entities share a type where they stand on the same side of the same relation. */
const roles = ({ head, relation, tail }: Triple): readonly TypedEntity[] => [
  [head, `head of ${relation}`],
  [tail, `tail of ${relation}`],
];

function tripleTypes(
  graph: Graph,
  read: (triple: Triple) => readonly TypedEntity[],
  query: { readonly direction?: "out"; readonly relations?: readonly string[] } = {},
): EntityTypes {
  return {
    async of(id) {
      const pairs = (await graph.neighbours(id, query)).flatMap(read);
      return [...new Set(pairs.flatMap(([entity, type]) => (entity === id ? [type] : [])))];
    },
    async *all() {
      for await (const triple of graph.triples())
        if (query.relations?.includes(triple.relation) ?? true) yield* read(triple);
    },
  };
}
