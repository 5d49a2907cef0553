export { type ClosureOptions, closure } from "./closure.ts";
export type { Entity, Graph, GraphCounts, NeighbourQuery, Relation, Triple } from "./graph.ts";
export { buildGraph, GraphBuilder, type GraphParts, relationWords } from "./graph-builder.ts";
export type { GraphDefinition, GraphResources } from "./graph-definition.ts";
export { type EntityGraph, GraphologyGraph } from "./graphology-graph.ts";
export { type SplitOptions, splitTriples, type TripleSplit } from "./split-triples.ts";
export { GRAPH } from "./tokens.ts";
export { indexTriples, type TripleIndex } from "./triple-index.ts";
export * from "./wordnet/index.ts";
