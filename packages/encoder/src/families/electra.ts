import { bert, bertSettings } from "./bert.ts";
import type { Family } from "./family.ts";
import { denseClassifier, linearHeads } from "./linear-heads.ts";

/** @source Clark et al., ICLR 2020; narrower tables projected to H where they differ, no pooler */
export const electra: Family = {
  ...bert,
  modelType: "electra",
  architecture: "ElectraModel",
  prefix: "electra.",
  settings: {
    ...bertSettings,
    hiddenSize: { key: "hidden_size", default: 256 },
    embeddingSize: { key: "embedding_size", default: 128 },
    numHeads: { key: "num_attention_heads", default: 4 },
    intermediateSize: { key: "intermediate_size", default: 1024 },
  },
  names: {
    words: bert.names.words,
    positions: bert.names.positions,
    types: bert.names.types,
    norm: bert.names.norm,
    layer: bert.names.layer,
    projection: "embeddings_project",
    projected: "where-wider",
  },
  maskedLanguageModel: {
    architecture: "ElectraForMaskedLM",
    dense: "generator_predictions.dense",
    norm: "generator_predictions.LayerNorm",
    bias: "generator_lm_head.bias",
    decoder: "generator_lm_head",
    width: "embedding",
    activation: "gelu",
  },
  heads: {
    ...linearHeads("Electra"),
    "replaced-token": {
      architecture: "ElectraForPreTraining",
      reads: "every",
      hidden: { stem: "discriminator_predictions.dense" },
      output: "discriminator_predictions.dense_prediction",
      dropout: [],
    },
    "sequence-classification": denseClassifier("Electra", "gelu"),
  },
};
