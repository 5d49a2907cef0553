import { type Loss, ops, type ParameterSpec, tf, type Weights } from "@kgraft/tensor";
import type { EncoderConfig } from "../contract.ts";
import { familyOf } from "../families/families.ts";
import { activate, layerNorm, linear } from "../layers.ts";
import { linearSpecs, normSpecs } from "../parameters.ts";

/** The masked-LM head of a family: dense, activation, LayerNorm, and the word table as decoder. Reads only the positions it is told. */
export interface MaskedLanguageModelHead {
  /** Its own parameters under the family's names; the decoder is the encoder's word table. */
  readonly parameters: readonly ParameterSpec[];
  /** Those of them that `transform` reads. */
  readonly transformParameters: readonly ParameterSpec[];
  /** W: the word table's width for families that map to it, else H. */
  readonly width: number;
  /**
   * The part below the decoder: dense, activation, LayerNorm.
   *
   * @param hidden last hidden states, float32 [B, T, H]
   * @param positions int32 [K], rows of `hidden` seen as [B·T, H]
   * @returns float32 [K, W]
   */
  transform(weights: Weights, hidden: tf.Tensor, positions: tf.Tensor): tf.Tensor;
  /**
   * Scores the whole vocabulary at chosen positions.
   *
   * @param hidden last hidden states, float32 [B, T, H]
   * @param positions int32 [K], rows of `hidden` seen as [B·T, H]
   * @returns float32 [K, V]
   */
  logits(weights: Weights, hidden: tf.Tensor, positions: tf.Tensor): tf.Tensor;
  /**
   * Cross-entropy of the true pieces at chosen positions.
   *
   * @param labels int32 [K], piece ids; where the weight is 0 any id of the vocabulary
   * @param counts float32 [K], 1 for a masked position, 0 for padding of K
   */
  loss(weights: Weights, hidden: tf.Tensor, positions: tf.Tensor, labels: tf.Tensor, counts: tf.Tensor): Loss;
}

/**
 * Makes the masked-LM head that belongs to an encoder.
 *
 * @source BertLMPredictionHead, RobertaLMHead, AlbertMLMHead, ElectraGeneratorPredictions and DistilBertForMaskedLM in
 * `transformers` 5. Differs: only the masked positions go through the vocabulary; the same loss
 */
export function maskedLanguageModelHead(config: EncoderConfig): MaskedLanguageModelHead {
  const family = familyOf(config.modelType);
  const names = family.maskedLanguageModel;
  const table = `${family.prefix}${family.names.words}.weight`;
  const width = names.width === "embedding" ? config.embeddingSize : config.hiddenSize;
  const transform = (weights: Weights, hidden: tf.Tensor, positions: tf.Tensor): tf.Tensor => {
    const rows = ops.gatherRows(tf.reshape(hidden, [-1, config.hiddenSize]), positions); // [K, H]
    const activated = activate(linear(weights, names.dense, rows), names.activation ?? config.activation);
    return layerNorm(weights, names.norm, activated, config); // [K, W]
  };
  const transformParameters = [
    ...linearSpecs(names.dense, width, config.hiddenSize, config.initializerRange),
    ...normSpecs(names.norm, width),
  ];
  return {
    width,
    transform,
    transformParameters,
    parameters: [
      ...transformParameters,
      { name: names.bias, shape: [config.vocabularySize], init: { kind: "zeros" }, role: "bias" },
    ],
    logits: (weights, hidden, positions) =>
      ops.linear(transform(weights, hidden, positions), weights.get(table), weights.get(names.bias)),
    loss: (weights, hidden, positions, labels, counts) =>
      ops.tiedVocabularyLoss(
        transform(weights, hidden, positions),
        weights.get(table),
        weights.get(names.bias),
        labels,
        counts,
      ),
  };
}
