export { type AnswerGroup, groupByQuestion } from "./answer-groups.ts";
export { AnswerScorer } from "./answer-scores.ts";
export type { Comparison, ComparisonGradients } from "./comparison.ts";
export { readEmbeddingFolder, readEntityVectors, writeEmbeddingFolder } from "./embedding-folder.ts";
export type { EmbeddingTables, VectorTable } from "./embedding-tables.ts";
export type { EntityVectors } from "./entity-vectors.ts";
export { KnownAnswers, questionKey } from "./known-answers.ts";
export type { EmbeddingDefinition, EmbeddingModel, ModelNeeds, QueryBuilder, QueryGradients } from "./model.ts";
export { complex, distmult, rotate, transe } from "./models/index.ts";
export { type ProbeOptions, type ProbeResult, probeTypes } from "./probe.ts";
export { type RankedAnswer, type RankMeans, type RankMetrics, rankMetrics } from "./rank-metrics.ts";
export { type RankingRequest, type RankingResult, rankTriples } from "./ranking.ts";
export { KG_EMBEDDING } from "./tokens.ts";
export {
  type Embedding,
  type EmbeddingMetrics,
  type EmbeddingRecord,
  type TrainEmbeddingRequest,
  trainEmbedding,
} from "./train-embedding.ts";
export type { CheckpointPlan } from "./training.ts";
export { type TrainingOptions, trainingOptions } from "./training-options.ts";
export {
  meanNorm,
  randomVectors,
  type SelectedVectors,
  scaleVectors,
  selectVectors,
  shuffledVectors,
  vectorTable,
} from "./vector-table.ts";
