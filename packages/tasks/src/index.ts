export {
  type FirstSenseInput,
  type FirstSensePredictions,
  firstSense,
  mentionAtTarget,
  mostFrequentType,
} from "./baselines.ts";
export { markSpans } from "./classification/markers.ts";
export type * from "./contract.ts";
export { entityTyping } from "./entity-typing/entity-typing.ts";
export type { EntityTypingOptions } from "./entity-typing/options.ts";
export { type FinetuneInput, type FinetuneResult, finetune } from "./finetune.ts";
export { type LabelLine, readLabelLines } from "./label-lines.ts";
export { linkPrediction } from "./link-prediction/link-prediction.ts";
export { type ClassificationReport, type ClassificationScores, scoreClasses } from "./metrics/classification.ts";
export {
  type EntityTypingCounter,
  type EntityTypingReport,
  type EntityTypingScores,
  entityTypingCounter,
  scoreEntityTypes,
} from "./metrics/entity-typing.ts";
export type { LabelledLine } from "./metrics/joined-labels.ts";
export { type NamedEntityReport, type NamedEntityScores, type SpanLine, scoreSpans } from "./metrics/named-entities.ts";
export type { TypeScore } from "./metrics/type-scores.ts";
export { namedEntityRecognition } from "./named-entity-recognition/named-entity-recognition.ts";
export { type PredictNeeds, predictExamples } from "./predict-examples.ts";
export {
  type PredictedTriple,
  type Prediction,
  predictionLine,
  readPredictions,
  writePredictedTriples,
  writePredictions,
} from "./predictions.ts";
export { pieceArrays } from "./pretraining/objectives/masked-pieces.ts";
export { mlm } from "./pretraining/objectives/mlm.ts";
export { objectives } from "./pretraining/objectives/objectives.ts";
export {
  type ObjectiveChoice,
  objectiveChoices,
  type PretrainOptions,
  pretrainOptions,
} from "./pretraining/options.ts";
export { newHeads, type PretrainInput, type PretrainResult, pretrain } from "./pretraining/pretrain.ts";
export { PretrainingBatches } from "./pretraining/pretraining-batches.ts";
export { PretrainingTexts, type TextSource } from "./pretraining/pretraining-texts.ts";
export { relationClassification } from "./relation-classification/relation-classification.ts";
export { relationPrediction } from "./relation-prediction/relation-prediction.ts";
export { scoreClassification, scoreEntityTyping, scoreNamedEntities } from "./score-files.ts";
export { sentenceClassification } from "./sentence-classification/sentence-classification.ts";
export { type StoredStates, type StoreOptions, storeStates } from "./stored-states.ts";
export type { TaskFileOptions, TrainingOptions } from "./task-options.ts";
export { OBJECTIVE, TASK } from "./tokens.ts";
export { tripleClassification } from "./triple-classification/triple-classification.ts";
export { withNegatives } from "./triples/judged-examples.ts";
export { NegativeSampler } from "./triples/negatives.ts";
export { numberTriples } from "./triples/numbered-triples.ts";
