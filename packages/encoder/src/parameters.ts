import type { ParameterSpec } from "@kgraft/tensor";
import type { EncoderConfig } from "./contract.ts";
import type { Family } from "./families/family.ts";

/** Whether a family of this shape has a linear layer from the tables' width to the hidden size. */
export function projectionOf(family: Family, config: EncoderConfig): string | undefined {
  const { projection, projected } = family.names;
  return projected === "always" || config.embeddingSize !== config.hiddenSize ? projection : undefined;
}

/** The index of the weights that a layer uses: its own, or its group's. */
export function weightsIndexOf(config: EncoderConfig, layer: number): number {
  return config.layerGroups === undefined ? layer : Math.floor(layer / (config.numLayers / config.layerGroups));
}

/** Declares a linear layer `[out, in]` with its bias. */
export function linearSpecs(stem: string, outputs: number, inputs: number, deviation: number): ParameterSpec[] {
  return [
    { name: `${stem}.weight`, shape: [outputs, inputs], init: { kind: "normal", deviation }, role: "weight" },
    { name: `${stem}.bias`, shape: [outputs], init: { kind: "zeros" }, role: "bias" },
  ];
}

/** Declares a LayerNorm's gain and bias. */
export function normSpecs(stem: string, size: number): ParameterSpec[] {
  return [
    { name: `${stem}.weight`, shape: [size], init: { kind: "ones" }, role: "normalization" },
    { name: `${stem}.bias`, shape: [size], init: { kind: "zeros" }, role: "normalization" },
  ];
}

/** All parameters of an encoder under its family's names with prefix, tables first, then layers, then the pooler. */
export function encoderParameters(family: Family, config: EncoderConfig): ParameterSpec[] {
  const { names, prefix } = family;
  const specs = [...embeddingSpecs(family, config)];
  for (let group = 0; group < (config.layerGroups ?? config.numLayers); group++)
    specs.push(...layerSpecs(family, config, group));
  if (names.pooler !== undefined)
    specs.push(...linearSpecs(names.pooler, config.hiddenSize, config.hiddenSize, config.initializerRange));
  return specs.map((spec) => ({ ...spec, name: prefix + spec.name }));
}

function embeddingSpecs(family: Family, config: EncoderConfig): ParameterSpec[] {
  const { names } = family;
  const { embeddingSize, hiddenSize, initializerRange } = config;
  const table = (stem: string, rows: number, zeroRow?: number): ParameterSpec => ({
    name: `${stem}.weight`,
    shape: [rows, embeddingSize],
    init: { kind: "normal", deviation: initializerRange, ...(zeroRow !== undefined && { zeroRow }) },
    role: "embedding",
  });
  const padding = (part: "words" | "positions") =>
    family.zeroPaddingRows.includes(part) ? config.padTokenId : undefined;
  const projection = projectionOf(family, config);
  return [
    table(names.words, config.vocabularySize, padding("words")),
    table(names.positions, config.maxPositions, padding("positions")),
    ...(config.typeVocabularySize > 0 ? [table(names.types, config.typeVocabularySize)] : []),
    ...normSpecs(names.norm, embeddingSize),
    ...(projection === undefined ? [] : linearSpecs(projection, hiddenSize, embeddingSize, initializerRange)),
  ];
}

function layerSpecs(family: Family, config: EncoderConfig, group: number): ParameterSpec[] {
  const layer = family.names.layer(group);
  const { hiddenSize, intermediateSize, initializerRange } = config;
  const square = (stem: string) => linearSpecs(stem, hiddenSize, hiddenSize, initializerRange);
  return [
    ...square(layer.query),
    ...square(layer.key),
    ...square(layer.value),
    ...square(layer.attentionOutput),
    ...normSpecs(layer.attentionNorm, hiddenSize),
    ...linearSpecs(layer.up, intermediateSize, hiddenSize, initializerRange),
    ...linearSpecs(layer.down, hiddenSize, intermediateSize, initializerRange),
    ...normSpecs(layer.outputNorm, hiddenSize),
  ];
}
