import type { Graph } from "@kgraft/kg";
import type { Progress } from "@kgraft/runtime";
import { untilStopped } from "../stopped.ts";

/** Shows how far the listings of a graph have come, and ends them once a signal comes. */
export function watchedGraph(graph: Graph, progress: Progress, signal: AbortSignal | undefined): Graph {
  const watched = <Item>(items: AsyncIterable<Item>, label: string, total: number): AsyncGenerator<Item> =>
    shown(untilStopped(items, signal), progress.bar(label, total));
  return {
    source: graph.source,
    revision: graph.revision,
    counts: () => graph.counts(),
    async *entities() {
      yield* watched(graph.entities(), "entities", (await graph.counts()).entities);
    },
    entity: (id) => graph.entity(id),
    relations: () => graph.relations(),
    async *triples() {
      yield* watched(graph.triples(), "triples", (await graph.counts()).triples);
    },
    neighbours: (id, query) => graph.neighbours(id, query),
    degree: (id) => graph.degree(id),
    close: () => graph.close(),
  };
}

async function* shown<Item>(items: AsyncIterable<Item>, bar: ReturnType<Progress["bar"]>): AsyncGenerator<Item> {
  let done = 0;
  for await (const item of items) {
    yield item;
    if (++done % 1000 === 0) bar.update(done);
  }
  bar.end();
}
