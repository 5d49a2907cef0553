import type { Graph, Prefetched, Triple } from "@kgraft/kg";

/** A graph as it would be without one of its triples. */
export function withoutTriple(graph: Graph, taken: Triple): Graph {
  const stays = ({ head, relation, tail }: Triple): boolean =>
    head !== taken.head || relation !== taken.relation || tail !== taken.tail;
  return {
    source: graph.source,
    revision: undefined,
    async counts() {
      const { triples, ...others } = await graph.counts();
      return { ...others, triples: triples - 1 };
    },
    entities: () => graph.entities(),
    entity: (id) => graph.entity(id),
    relations: () => graph.relations(),
    async *triples() {
      for await (const triple of graph.triples()) if (stays(triple)) yield triple;
    },
    async neighbours(id, query = {}) {
      const { limit } = query;
      const found = await graph.neighbours(id, { ...query, ...(limit !== undefined && { limit: limit + 1 }) });
      return found.filter(stays).slice(0, limit);
    },
    async degree(id) {
      return (await graph.degree(id)) - Number(taken.head === id) - Number(taken.tail === id);
    },
    ...(graph.elementId && { elementId: (id: string) => graph.elementId?.(id) ?? Promise.resolve(undefined) }),
    ...(graph.prefetch && {
      prefetch: async (ids: readonly string[], what?: Prefetched) => graph.prefetch?.(ids, what),
    }),
    close: () => graph.close(),
  };
}
