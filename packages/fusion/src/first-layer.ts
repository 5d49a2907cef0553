import type { Fusion } from "./contract.ts";

/**
 * Finds the lowest layer that a strategy changes: the one it states; 0 where it reaches into the encoder and states none,
 * since hidden states stored above would be wrong without a sign; undefined where it leaves the encoder plain.
 */
export function firstChangedLayer({ firstLayer, attention, embed, layer }: Fusion): number | undefined {
  if (firstLayer !== undefined) return firstLayer;
  return [attention, embed, layer].some((seam) => seam !== undefined) ? 0 : undefined;
}
