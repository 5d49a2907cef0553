export type { Baseline } from "./baselines.ts";
export { type CompareOptions, type Comparison, compare } from "./compare.ts";
export {
  type ArmSummary,
  type Cell,
  count,
  headlineMetrics,
  type Spread,
  shownScore,
  spread,
  stagesOf,
} from "./comparison-table.ts";
export type { JsonSchema } from "./config/json-schema.ts";
export { type ConfigOverrides, readConfig } from "./config/read-config.ts";
export type { RunConfig } from "./config/run-config.ts";
export type { Conversion } from "./convert/conversion.ts";
export { type ConvertOptions, conversionFormats, convert } from "./convert/convert.ts";
export type { CorpusDefinition, CorpusNeeds } from "./corpora/corpus-definition.ts";
export { CORPUS } from "./corpora/tokens.ts";
export type { DatasetDefinition, DatasetNeeds } from "./datasets/dataset-definition.ts";
export { DATASET } from "./datasets/tokens.ts";
export { type EmbedOptions, type EmbedOutcome, embed } from "./embed.ts";
export { type EncodeFileOptions, encodeFile } from "./encode-file.ts";
export { buildNativeBackend, type Examination, examine } from "./examine.ts";
export { cleanGraph } from "./graphs/clean-graph.ts";
export { type DescribedGraph, describeGraph, type GraphWork } from "./graphs/describe-graph.ts";
export { type ExportedGraph, exportGraph } from "./graphs/export-graph.ts";
export { type ImportedGraph, importGraph } from "./graphs/import-graph.ts";
export type {
  LinkWriteBackRequest,
  VectorWriteBackRequest,
  WriteBackRequest,
  WrittenBack,
} from "./graphs/write-back.ts";
export { type PredictionsToWrite, writeBackPredictions } from "./graphs/write-back-predictions.ts";
export { type InspectedWithLabels, type InspectOptions, inspect } from "./inspect.ts";
export type { InspectedMention, InspectedText } from "./inspected-text.ts";
export { type LinkFileOptions, type LinkOutcome, linkFile } from "./link-file.ts";
export { type ListedDefinition, type ListedOption, listKinds, listLoaded, loadedSchema } from "./list-definitions.ts";
export { readModelConfig } from "./model-folder.ts";
export { type PredictFileOptions, type PredictionCounts, predictFile } from "./predict-file.ts";
export { inspectionPage } from "./report/inspection-page.tsx";
export { type RunOptions, type RunOutcome, run } from "./run.ts";
export { scoreFiles } from "./score-files.ts";
export type { LinkCounts } from "./stages/link-text.ts";
export { type TrainedTokenizer, type TrainTokenizerOptions, trainTokenizer } from "./train-tokenizer.ts";
