export { type ClosureOptions, closure } from "./closure.ts";
export { type CodexOptions, codex } from "./codex.ts";
export { CompactGraph, type CompactParts } from "./compact/compact-graph.ts";
export { CompactStore } from "./compact/compact-store.ts";
export { graphFormats, labelsPath, writeGraph } from "./export/write-graph.ts";
export { type FewrelExample, fewrelExamples } from "./fewrel/examples.ts";
export { type FewrelOptions, fewrel } from "./fewrel/fewrel.ts";
export { fewrelSplits } from "./fewrel/split.ts";
export { type FolderOptions, folder } from "./folder.ts";
export type { Entity, Graph, GraphCounts, NeighbourQuery, Prefetched, Relation, Triple } from "./graph.ts";
export { buildGraph, GraphBuilder, type GraphParts, type GraphStore, relationWords } from "./graph-builder.ts";
export type { GraphDefinition, GraphResources } from "./graph-definition.ts";
export {
  type EntityAttributes,
  type EntityGraph,
  type GraphAttributes,
  GraphologyGraph,
  type TripleAttributes,
} from "./graphology-graph.ts";
export { type GraphologyOptions, graphologyJson } from "./graphology-json.ts";
export { compareIds } from "./id-order.ts";
export { inIdOrder } from "./in-id-order.ts";
export * from "./neo4j/index.ts";
export { type RdfOptions, rdf } from "./rdf/rdf.ts";
export { rewired } from "./rewired.ts";
export { type SplitOptions, splitTriples, type TripleSplit } from "./split-triples.ts";
export { type SpoOptions, spo } from "./spo.ts";
export { type DegreeClass, type GraphStats, graphStats } from "./stats.ts";
export { GRAPH } from "./tokens.ts";
export { indexTriples, type TripleIndex } from "./triple-index.ts";
export { type TsvOptions, tsv } from "./tsv.ts";
export * from "./wordnet/index.ts";
export { writeGraphFolder } from "./write-folder.ts";
