import { InputError } from "@kgraft/runtime";
import type { ErnieThuOptions, LayerKind } from "./options.ts";

/**
 * Says for each of L layers what it does with the entity stream.
 *
 * @throws InputError `fusion.ernie-thu.layers` where a layer is named that the encoder does not have
 * @source Official code: `layer_types` of `ernie_config.json`, a missing tail is `sim`; released base: 5 sim, 1 mix, 6 norm
 */
export function planLayers(
  { fusedLayers, layerTypes }: Pick<ErnieThuOptions, "fusedLayers" | "layerTypes">,
  numLayers: number,
): readonly LayerKind[] {
  if (layerTypes !== undefined) {
    if (layerTypes.length > numLayers) throw beyond("layerTypes", `${layerTypes.length} entries`, numLayers);
    return Array.from({ length: numLayers }, (_, layer) => layerTypes[layer] ?? "sim");
  }
  const fused = fusedLayers ?? defaultLayers(numLayers);
  const highest = Math.max(-1, ...fused);
  if (highest >= numLayers) throw beyond("fusedLayers", `layer ${highest}`, numLayers);
  const lowest = Math.min(...fused);
  return Array.from({ length: numLayers }, (_, layer) => {
    if (!fused.includes(layer)) return "sim";
    return layer === lowest ? "mix" : "norm";
  });
}

/** 5 … 11 of 12 layers, 3 … 5 of 6, 10 … 23 of 24. */
function defaultLayers(numLayers: number): number[] {
  const lowest = Math.round((numLayers * 5) / 12);
  return Array.from({ length: numLayers - lowest }, (_, i) => lowest + i);
}

function beyond(option: string, what: string, numLayers: number): InputError {
  return new InputError({
    code: "fusion.ernie-thu.layers",
    at: `config.strategies.ernie-thu.${option}`,
    problem: `${what}, but the encoder has ${numLayers} layers`,
    wanted: `Layers are counted from 0 to ${numLayers - 1}`,
  });
}
