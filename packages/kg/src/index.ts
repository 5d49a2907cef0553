export type {
  Entity,
  Graph,
  GraphCounts,
  NeighbourQuery,
  Relation,
  Triple,
} from "./graph.ts";
export type { TripleIndex } from "./triple-index.ts";
