export { addParameters, fitWeights, type WeightFit } from "./checkpoint/fit.ts";
export {
  type Checkpoint,
  type CheckpointOrigin,
  type CheckpointWithTokenizer,
  type LoadCheckpointOptions,
  loadCheckpoint,
} from "./checkpoint/load-checkpoint.ts";
export type { ModelPart } from "./checkpoint/model-part.ts";
export { type CheckpointSource, parseSource } from "./checkpoint/source.ts";
export { readTokenizerFiles, type TokenizerFiles } from "./checkpoint/tokenizer-files.ts";
export type { CheckpointWeights } from "./checkpoint/weights.ts";
export { type ConfigJson, readEncoderConfig, writeConfigJson } from "./config.ts";
export type * from "./contract.ts";
export { families, familyOf } from "./families/families.ts";
export type { Family, HeadName, HeadNames, LayerNames, MaskedLanguageModelNames } from "./families/family.ts";
export { type EncodedText, type EncodeTextsOptions, encodeTexts } from "./feature-extraction/encode-texts.ts";
export { type HiddenStatesSummary, writeHiddenStates } from "./feature-extraction/write-hidden-states.ts";
export { firstStates } from "./first-states.ts";
export { labelKeys, readLabels } from "./heads/labels.ts";
export { type LinearHead, type LinearHeadOptions, linearHead, spanExtractionLoss } from "./heads/linear-head.ts";
export { type MaskedLanguageModelHead, maskedLanguageModelHead } from "./heads/masked-lm.ts";
export { checkInput, firstPosition, maxLength } from "./input-check.ts";
export { type NewModelSizes, newModel } from "./new-model.ts";
export { type ModelToSave, saveModel, type WeightToSave } from "./save-model.ts";
export { createEncoder } from "./transformer.ts";
export { segmentVisibility } from "./visibility.ts";
