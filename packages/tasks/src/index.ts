export { type LabelLine, readLabelLines } from "./label-lines.ts";
export {
  type EntityTypingCounter,
  type EntityTypingReport,
  type EntityTypingScores,
  entityTypingCounter,
  type LabelledLine,
  scoreEntityTypes,
  type TypeScore,
} from "./metrics/entity-typing.ts";
export {
  type Prediction,
  readPredictions,
  writePredictions,
} from "./predictions.ts";
export { scoreEntityTyping } from "./score-files.ts";
