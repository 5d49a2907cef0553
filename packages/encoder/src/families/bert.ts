import type { Family, FamilySettings, LayerNames } from "./family.ts";
import { classifierDropout, linearHeads } from "./linear-heads.ts";

/** The keys and defaults that BERT's config.json shares with its nearest relatives. */
export const bertSettings: FamilySettings = {
  vocabularySize: { key: "vocab_size", default: 30522 },
  hiddenSize: { key: "hidden_size", default: 768 },
  numLayers: { key: "num_hidden_layers", default: 12 },
  numHeads: { key: "num_attention_heads", default: 12 },
  intermediateSize: { key: "intermediate_size", default: 3072 },
  activation: { key: "hidden_act", default: "gelu" },
  maxPositions: { key: "max_position_embeddings", default: 512 },
  typeVocabularySize: { key: "type_vocab_size", default: 2 },
  layerNormEpsilon: { key: "layer_norm_eps", default: 1e-12 },
  padTokenId: { key: "pad_token_id", default: 0 },
  hiddenDropout: { key: "hidden_dropout_prob", default: 0.1 },
  attentionDropout: { key: "attention_probs_dropout_prob", default: 0.1 },
  initializerRange: { key: "initializer_range", default: 0.02 },
};

/** BERT's names of a layer's parts. */
function bertLayer(index: number): LayerNames {
  const layer = `encoder.layer.${index}`;
  return {
    query: `${layer}.attention.self.query`,
    key: `${layer}.attention.self.key`,
    value: `${layer}.attention.self.value`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    up: `${layer}.intermediate.dense`,
    down: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}

/** BERT's names of the embedding tables. */
export const bertEmbeddings = {
  words: "embeddings.word_embeddings",
  positions: "embeddings.position_embeddings",
  types: "embeddings.token_type_embeddings",
  norm: "embeddings.LayerNorm",
} as const;

const nextSentence = {
  architecture: "BertForNextSentencePrediction",
  besideMaskedLanguageModel: "BertForPreTraining",
  reads: "pooled",
  output: "cls.seq_relationship",
  dropout: [],
} as const;

/** @source Devlin et al., NAACL 2019; names and equations as in `transformers` 5 */
export const bert: Family = {
  modelType: "bert",
  architecture: "BertModel",
  prefix: "bert.",
  settings: bertSettings,
  only: {},
  positions: "counted",
  names: { ...bertEmbeddings, layer: bertLayer, pooler: "pooler.dense" },
  dropout: { attention: true, feedForward: true },
  maskedLanguageModel: {
    architecture: "BertForMaskedLM",
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    decoder: "cls.predictions.decoder",
    width: "hidden",
  },
  zeroPaddingRows: ["words"],
  heads: {
    ...linearHeads("Bert"),
    "next-sentence": nextSentence,
    "sentence-order": nextSentence, // `transformers` has no other head of pairs for BERT
    "sequence-classification": {
      architecture: "BertForSequenceClassification",
      reads: "pooled",
      output: "classifier",
      dropout: ["read"],
      dropoutRate: classifierDropout,
    },
  },
};
