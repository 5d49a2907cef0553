import { type Checkpoint, familyOf, type HeadName, linearHead, maskedLanguageModelHead } from "@kgraft/encoder";
import { inference, type ParameterSpec, tf, type Weights } from "@kgraft/tensor";

/** A head of a model folder in Hugging Face's layout. */
export interface ModelHead {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  /** @param hidden last hidden states, float32 [B, T, H] */
  logits(weights: Weights, hidden: tf.Tensor): tf.Tensor;
}

/**
 * The heads whose weights a checkpoint holds under its family's names. Where several have the same names, the architecture
 * of config.json says which it is.
 */
export function modelHeads({ encoder, weights, configJson }: Checkpoint): readonly ModelHead[] {
  const family = familyOf(encoder.config.modelType);
  const stated = new Set([configJson.architectures].flat());
  const heads: ModelHead[] = weights.has(family.maskedLanguageModel.bias) ? [maskedHead(encoder.config)] : [];
  const taken = new Set<string>();
  for (const [name, names] of Object.entries(family.heads)) {
    const { architecture, besideMaskedLanguageModel, output } = names;
    if (!weights.has(`${output}.weight`) || taken.has(output)) continue;
    if (!stated.has(architecture) && !stated.has(besideMaskedLanguageModel)) continue;
    taken.add(output);
    const [outputs = 0] = weights.shape(`${output}.weight`);
    const head = linearHead(encoder.config, name as HeadName, { outputs });
    heads.push({
      name,
      parameters: head.parameters,
      logits: (held, hidden) => head.logits(held, hidden, inference),
    });
  }
  return heads;
}

/** The masked-LM head at every piece. */
function maskedHead(config: Checkpoint["encoder"]["config"]): ModelHead {
  const head = maskedLanguageModelHead(config);
  return {
    name: "masked-lm",
    parameters: head.parameters,
    logits(weights, hidden) {
      const [rows, length] = hidden.shape as [number, number, number];
      const logits = head.logits(weights, hidden, tf.range(0, rows * length, 1, "int32"));
      return tf.reshape(logits, [rows, length, config.vocabularySize]); // [B, T, V]
    },
  };
}
