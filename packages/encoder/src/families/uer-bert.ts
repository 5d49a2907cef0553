import { bert, bertSettings } from "./bert.ts";
import type { Family } from "./family.ts";

/**
 * BERT as UER-py builds it, from which K-BERT comes: LayerNorm divides by (sample deviation + epsilon). A name of its own,
 * since `transformers` would read `bert` and compute something else; parameters and keys are BERT's. Of UER's three rows of
 * segments the first (padding) is left out: rows 1 and 2 are types 0 and 1.
 *
 * @source Zhao et al., EMNLP 2019 (demo), and autoliuweijie/K-BERT: uer/layers/layer_norm.py, uer/encoders/bert_encoder.py
 */
export const uerBert: Family = {
  ...bert,
  modelType: "uer-bert",
  architecture: "UerBertModel",
  settings: { ...bertSettings, layerNormEpsilon: { key: "layer_norm_eps", default: 1e-6 } },
  normalization: "unbiased-deviation",
  zeroPaddingRows: [],
  maskedLanguageModel: { ...bert.maskedLanguageModel, architecture: "UerBertForMaskedLM", activation: "gelu" },
};
