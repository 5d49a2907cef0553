import { bertEmbeddings, bertSettings } from "./bert.ts";
import type { Family } from "./family.ts";
import { linearHeads } from "./linear-heads.ts";

const linear = linearHeads("Albert");
const dropout = { dropout: ["read"], dropoutRate: { key: "classifier_dropout_prob", default: 0.1 } } as const;

/** @source Lan et al., ICLR 2020; layers share the weights of their group, narrower tables, no dropout after the feed-forward part */
export const albert: Family = {
  modelType: "albert",
  architecture: "AlbertModel",
  prefix: "albert.",
  settings: {
    ...bertSettings,
    vocabularySize: { key: "vocab_size", default: 30000 },
    hiddenSize: { key: "hidden_size", default: 4096 },
    embeddingSize: { key: "embedding_size", default: 128 },
    layerGroups: { key: "num_hidden_groups", default: 1 },
    numHeads: { key: "num_attention_heads", default: 64 },
    intermediateSize: { key: "intermediate_size", default: 16384 },
    activation: { key: "hidden_act", default: "gelu_new" },
    hiddenDropout: { key: "hidden_dropout_prob", default: 0 },
    attentionDropout: { key: "attention_probs_dropout_prob", default: 0 },
  },
  only: { inner_group_num: 1 },
  positions: "counted",
  names: {
    ...bertEmbeddings,
    projection: "encoder.embedding_hidden_mapping_in",
    projected: "always",
    layer: (group) => {
      const layer = `encoder.albert_layer_groups.${group}.albert_layers.0`;
      return {
        query: `${layer}.attention.query`,
        key: `${layer}.attention.key`,
        value: `${layer}.attention.value`,
        attentionOutput: `${layer}.attention.dense`,
        attentionNorm: `${layer}.attention.LayerNorm`,
        up: `${layer}.ffn`,
        down: `${layer}.ffn_output`,
        outputNorm: `${layer}.full_layer_layer_norm`,
      };
    },
    pooler: "pooler",
  },
  dropout: { attention: true, feedForward: false },
  maskedLanguageModel: {
    architecture: "AlbertForMaskedLM",
    dense: "predictions.dense",
    norm: "predictions.LayerNorm",
    bias: "predictions.bias",
    decoder: "predictions.decoder",
    width: "embedding",
  },
  zeroPaddingRows: ["words"],
  heads: {
    ...linear,
    "sentence-order": {
      architecture: "AlbertForPreTraining",
      besideMaskedLanguageModel: "AlbertForPreTraining",
      reads: "pooled",
      output: "sop_classifier.classifier",
      ...dropout,
    },
    "sequence-classification": {
      architecture: "AlbertForSequenceClassification",
      reads: "pooled",
      output: "classifier",
      ...dropout,
    },
    "token-classification": { ...linear["token-classification"], ...dropout },
  },
};
