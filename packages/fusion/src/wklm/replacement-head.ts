import { type EncoderConfig, maskedLanguageModelHead } from "@kgraft/encoder";
import { type Loss, ops, type ParameterSpec, tf } from "@kgraft/tensor";
import { arrayOf } from "../batch.ts";
import type { FusionHead, SeamInput } from "../contract.ts";
import { arrays } from "./collate.ts";
import type { WklmOptions } from "./options.ts";

/** The head of a place, and what the official code calls its output. */
const outputs = {
  boundary: { name: "fusion/wklm/boundary", official: "kdn_b_outputs", pieces: 2 },
  "first-piece": { name: "fusion/wklm/first-piece", official: "kdn_outputs", pieces: 1 },
} as const satisfies Record<WklmOptions["states"], unknown>;

/**
 * Asks of each mention whether it is the original: `z = W_b · dropout([Y[before]; Y[behind]]) + b_b`, cross-entropy over
 * (replaced, original), with `Y = LN(gelu(W_m h + b_m))` the transform of the masked-LM head, whose parameters it shares.
 *
 * @source Official code (fairseq fork, `kdn_model.py`). The paper speaks of boundary representations; that they come out of
 *   the masked-LM head's transform is visible only there
 */
export function replacementHead(config: EncoderConfig, options: Pick<WklmOptions, "states" | "dropout">): FusionHead {
  const { transform, transformParameters, width } = maskedLanguageModelHead(config);
  const { name, pieces } = outputs[options.states];
  return {
    parameters: outputSpecs(name, pieces * width, config.initializerRange),
    shared: transformParameters,
    loss(hidden, _stream, { weights, batch, context }: SeamInput): Loss {
      const read = arrayOf(batch, arrays.pieces); // [M, K]
      const around = transform(weights, hidden, tf.reshape(read, [-1])); // [M*K, W]
      const joined = tf.reshape(around, [-1, pieces * width]); // [M, K*W]
      const kept = ops.dropout(joined, options.dropout, context, name);
      const logits = ops.linear(kept, weights.get(`${name}/kernel`), weights.get(`${name}/bias`)); // [M, 2]
      return ops.softmaxCrossEntropy(logits, arrayOf(batch, arrays.labels), arrayOf(batch, arrays.weights));
    },
  };
}

/** Names of the output's parameters in the official code's checkpoints. */
export function officialNames({ states }: Pick<WklmOptions, "states">): Readonly<Record<string, string>> {
  const { name, official } = outputs[states];
  return { [`${name}/kernel`]: `${official}.weight`, [`${name}/bias`]: `${official}.bias` };
}

function outputSpecs(name: string, width: number, deviation: number): readonly ParameterSpec[] {
  return [
    { name: `${name}/kernel`, shape: [2, width], init: { kind: "normal", deviation }, role: "weight" },
    { name: `${name}/bias`, shape: [2], init: { kind: "zeros" }, role: "bias" },
  ];
}
