import { bertEmbeddings } from "./bert.ts";
import type { Family } from "./family.ts";
import { linearHeads } from "./linear-heads.ts";

/** @source Sanh et al., 2019 (arXiv 1910.01108); no token types, no pooler, no dropout after attention's output */
export const distilbert: Family = {
  modelType: "distilbert",
  architecture: "DistilBertModel",
  prefix: "distilbert.",
  settings: {
    vocabularySize: { key: "vocab_size", default: 30522 },
    hiddenSize: { key: "dim", default: 768 },
    numLayers: { key: "n_layers", default: 6 },
    numHeads: { key: "n_heads", default: 12 },
    intermediateSize: { key: "hidden_dim", default: 3072 },
    activation: { key: "activation", default: "gelu" },
    maxPositions: { key: "max_position_embeddings", default: 512 },
    typeVocabularySize: { fixed: 0 },
    layerNormEpsilon: { fixed: 1e-12 },
    padTokenId: { key: "pad_token_id", default: 0 },
    hiddenDropout: { key: "dropout", default: 0.1 },
    attentionDropout: { key: "attention_dropout", default: 0.1 },
    initializerRange: { key: "initializer_range", default: 0.02 },
  },
  only: {},
  positions: "counted",
  names: {
    ...bertEmbeddings,
    layer: (index) => {
      const layer = `transformer.layer.${index}`;
      return {
        query: `${layer}.attention.q_lin`,
        key: `${layer}.attention.k_lin`,
        value: `${layer}.attention.v_lin`,
        attentionOutput: `${layer}.attention.out_lin`,
        attentionNorm: `${layer}.sa_layer_norm`,
        up: `${layer}.ffn.lin1`,
        down: `${layer}.ffn.lin2`,
        outputNorm: `${layer}.output_layer_norm`,
      };
    },
  },
  dropout: { attention: false, feedForward: true },
  maskedLanguageModel: {
    architecture: "DistilBertForMaskedLM",
    dense: "vocab_transform",
    norm: "vocab_layer_norm",
    bias: "vocab_projector.bias",
    decoder: "vocab_projector",
    width: "hidden",
  },
  zeroPaddingRows: ["words"],
  heads: {
    "sequence-classification": {
      architecture: "DistilBertForSequenceClassification",
      reads: "first",
      hidden: { stem: "pre_classifier", activation: "relu" },
      output: "classifier",
      dropout: ["hidden"],
      dropoutRate: { key: "seq_classif_dropout", default: 0.2 },
    },
    "token-classification": {
      architecture: "DistilBertForTokenClassification",
      reads: "every",
      output: "classifier",
      dropout: ["read"],
    },
    "span-extraction": {
      ...linearHeads("DistilBert")["span-extraction"],
      dropout: ["read"],
      dropoutRate: { key: "qa_dropout", default: 0.1 },
    },
  },
};
