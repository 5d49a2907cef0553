import { bert, bertSettings } from "./bert.ts";
import type { Family } from "./family.ts";
import { denseClassifier, linearHeads } from "./linear-heads.ts";

/** The heads under the architectures' prefix: classification of a text has a layer of its own instead of the pooler. */
export const robertaHeads = (architecture: string): Family["heads"] => ({
  ...linearHeads(architecture),
  "sequence-classification": denseClassifier(architecture, "tanh"),
});

/** @source Liu et al., 2019 (arXiv 1907.11692); BERT but for its positions, padding id and heads (erf gelu always) */
export const roberta: Family = {
  ...bert,
  modelType: "roberta",
  architecture: "RobertaModel",
  prefix: "roberta.",
  settings: {
    ...bertSettings,
    vocabularySize: { key: "vocab_size", default: 50265 },
    padTokenId: { key: "pad_token_id", default: 1 },
  },
  positions: "after-padding",
  maskedLanguageModel: {
    architecture: "RobertaForMaskedLM",
    dense: "lm_head.dense",
    norm: "lm_head.layer_norm",
    bias: "lm_head.bias",
    decoder: "lm_head.decoder",
    width: "hidden",
    activation: "gelu",
  },
  zeroPaddingRows: ["words", "positions"],
  heads: robertaHeads("Roberta"),
};
