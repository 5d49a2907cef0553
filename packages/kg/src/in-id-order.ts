import { CompactGraph } from "./compact/compact-graph.ts";
import { CompactStore } from "./compact/compact-store.ts";
import { idOrdered } from "./compact/id-ordered.ts";
import type { Graph } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";

/**
 * Gives a graph in memory in the one order that does not depend on where it is kept: entities and relations by id (code
 * points), triples by head, relation and tail. The same graph in files and in a database gives the same.
 */
export async function inIdOrder(graph: Graph): Promise<CompactGraph> {
  if (graph instanceof CompactGraph) {
    const parts = idOrdered(graph.parts);
    return parts === graph.parts ? graph : new CompactGraph(graph.source, parts);
  }
  const builder = new GraphBuilder(graph.source, new CompactStore("id"));
  for await (const entity of graph.entities()) builder.addEntity(entity, graph.source);
  for await (const relation of graph.relations()) builder.addRelation(relation, graph.source);
  for await (const { head, relation, tail } of graph.triples()) builder.addTriple(head, relation, tail, graph.source);
  return builder.finish();
}
