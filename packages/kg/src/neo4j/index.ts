export { type CleanedRun, cleanRun } from "./clean-run.ts";
export { supportedVersion } from "./connection.ts";
export { escapeName } from "./escape-name.ts";
export { Neo4jGraph } from "./live-graph.ts";
export { neo4j } from "./neo4j.ts";
export type { EntityMapping, Neo4jConnectionOptions, Neo4jOptions, RelationMapping } from "./neo4j-options.ts";
export type { SnapshotManifest } from "./snapshot.ts";
export { type WrittenGraph, writeGraphToNeo4j } from "./write-graph.ts";
export {
  type DocumentLink,
  type LinkWriteBack,
  type PredictedTriple,
  type PredictionWriteBack,
  writeLinks,
  writePredictions,
} from "./write-statements.ts";
export { type EntityVector, type VectorWriteBack, type WriteBackReport, writeVectors } from "./write-vectors.ts";
