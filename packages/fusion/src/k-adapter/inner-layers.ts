import { type Block, createEncoder } from "@kgraft/encoder";
import type { ParameterSpec, StepContext, Weights } from "@kgraft/tensor";
import { defaultLinear } from "./parameters.ts";

/** Sizes of a stack of BERT layers without embeddings. */
export interface InnerSizes {
  readonly size: number;
  readonly layers: number;
  readonly heads: number;
  readonly dropout: number;
}

/** BERT layers of a width of their own, under names of their own. */
export interface InnerLayers {
  readonly parameters: readonly ParameterSpec[];
  blocks(weights: Weights, context: StepContext): readonly Block[];
}

/**
 * Makes layers as BERT's (LayerNorm epsilon 1e-5, gelu, inner layer of 4 widths), with the initialisation that the official
 * code leaves them: PyTorch's own.
 *
 * @param nameOf our name for a parameter that BERT calls `encoder.layer.<i>.…`; undefined leaves it out
 * @param site names their dropout apart from all others
 */
export function innerLayers(
  sizes: InnerSizes,
  nameOf: (bertName: string) => string | undefined,
  site: string,
): InnerLayers {
  const encoder = createEncoder(
    {
      modelType: "bert",
      vocabularySize: 1, // what speaks of embeddings is never read
      hiddenSize: sizes.size,
      embeddingSize: sizes.size,
      numLayers: sizes.layers,
      numHeads: sizes.heads,
      intermediateSize: 4 * sizes.size,
      activation: "gelu",
      maxPositions: 1,
      typeVocabularySize: 0,
      layerNormEpsilon: 1e-5,
      padTokenId: 0,
      hiddenDropout: sizes.dropout,
      attentionDropout: sizes.dropout,
      initializerRange: 0.02,
    },
    site,
  );
  const ours = (name: string): string | undefined =>
    name.startsWith("bert.encoder.") ? nameOf(name.slice("bert.".length)) : undefined;
  return {
    parameters: encoder.parameters.flatMap((spec) => renamed(spec, ours(spec.name))),
    blocks: (weights, context) => encoder.blocks({ get: (name) => weights.get(ours(name) ?? name) }, context),
  };
}

function renamed(spec: ParameterSpec, name: string | undefined): readonly ParameterSpec[] {
  if (name === undefined || spec.role === "bias") return []; // a linear layer's bias comes with its weight
  if (spec.role === "normalization") return [{ ...spec, name }];
  const [outputs, inputs] = spec.shape as [number, number];
  return defaultLinear(name.replace(/\.weight$/, ""), outputs, inputs);
}
