import type { Draw } from "@kgraft/runtime";
import type { ErnieThuOptions } from "./options.ts";

/** What denoising entity alignment asks of one batch. */
export interface Denoising {
  /** int32 [B, T]: what the model reads, some alignments replaced or hidden (0). */
  readonly inputs: Int32Array;
  /** Rows of the candidate entities, "no entity" (0) first, then ascending. */
  readonly candidates: readonly number[];
  /** Places of the aligned pieces in the batch, row by row. */
  readonly positions: readonly number[];
  /** For each aligned piece the index of its own entity among the candidates, corrupted or not. */
  readonly labels: readonly number[];
}

/**
 * Corrupts a batch's alignments for denoising entity alignment: with `replaceRate` an aligned piece gets an entity drawn
 * uniformly from those of the batch (perhaps its own again), with `hideRate` it gets none, else it keeps its own.
 *
 * @param aligned int32 [B, T], rows of the entity table, 0 for none
 * @source Zhang et al., ACL 2019, section 3.4, as the official code has it: candidates and replacements come from the
 *   batch, not from the whole graph
 */
export function corruptAlignments(
  aligned: Int32Array,
  { replaceRate, hideRate }: Pick<ErnieThuOptions, "replaceRate" | "hideRate">,
  draw: Draw,
): Denoising {
  const candidates = [...new Set(aligned).add(0)].sort((a, b) => a - b);
  const indexOf = new Map(candidates.map((row, index) => [row, index]));
  const inputs = aligned.slice();
  const positions: number[] = [];
  const labels: number[] = [];
  for (const [position, row] of aligned.entries()) {
    if (row === 0) continue;
    positions.push(position);
    labels.push(indexOf.get(row) as number);
    const chance = draw.uniform();
    if (chance < replaceRate) inputs[position] = candidates[1 + draw.integer(candidates.length - 1)] as number;
    else if (chance < replaceRate + hideRate) inputs[position] = 0;
  }
  return { inputs, candidates, positions, labels };
}
