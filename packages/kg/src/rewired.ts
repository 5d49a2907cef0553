import type { Streams } from "@kgraft/runtime";
import { CompactGraph } from "./compact/compact-graph.ts";
import { idOrdered } from "./compact/id-ordered.ts";
import type { Graph } from "./graph.ts";
import { inIdOrder } from "./in-id-order.ts";

/**
 * Gives a graph in which every triple has the tail of another one of its relation: heads have as many triples as before and
 * tails are as frequent, but what the triples say is no longer so. The whole graph is held in memory.
 */
export async function rewired(graph: Graph, streams: Streams): Promise<CompactGraph> {
  const { parts } = await inIdOrder(graph);
  const triples = parts.triples.slice();
  for (const [relation, own] of placesByRelation(triples).entries()) {
    const others = streams.at("kg/rewired", relation).cycle(own.length);
    for (const [i, place] of own.entries())
      triples[place + 2] = parts.triples[(own[others[i] as number] as number) + 2] as number;
  }
  return new CompactGraph(`${graph.source} rewired`, idOrdered({ ...parts, triples }));
}

/** Where the triples of each relation stand. */
function placesByRelation(triples: Int32Array): readonly (readonly number[])[] {
  const places: number[][] = [];
  for (let place = 0; place < triples.length; place += 3) {
    const relation = triples[place + 1] as number;
    while (places.length <= relation) places.push([]);
    places[relation]?.push(place);
  }
  return places;
}
