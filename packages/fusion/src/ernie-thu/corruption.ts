import type { Draw } from "@kgraft/runtime";
import { type Candidates, candidatesOf } from "./candidates.ts";
import type { ErnieThuOptions } from "./options.ts";

/** What denoising entity alignment asks of one batch. */
export interface Denoising {
  /** int32 [B, T]: what the model reads, some alignments replaced or hidden (0). */
  readonly inputs: Int32Array;
  readonly candidates: Candidates;
  /** Places in the batch, row by row, of the aligned pieces that are asked for: those whose entity is a candidate. */
  readonly positions: readonly number[];
  /** For each of them the index of its own entity among the candidates, corrupted or not. */
  readonly labels: readonly number[];
}

/**
 * Corrupts a batch's alignments for denoising entity alignment: with `replaceRate` an aligned piece gets an entity drawn
 * uniformly from the candidates (perhaps its own again), with `hideRate` it gets none, else it keeps its own.
 *
 * @param aligned int32 [B, T], rows of the entity table, 0 for none
 * @param candidates default: the entities of the batch
 * @source Zhang et al., ACL 2019, section 3.4; candidates and replacements of the batch as the official code has them, the
 *   whole graph's as the paper has replacements
 */
export function corruptAlignments(
  aligned: Int32Array,
  { replaceRate, hideRate }: Pick<ErnieThuOptions, "replaceRate" | "hideRate">,
  draw: Draw,
  candidates: Candidates = candidatesOf(aligned),
): Denoising {
  const { rows, indexOf } = candidates;
  const inputs = aligned.slice();
  const positions: number[] = [];
  const labels: number[] = [];
  for (const [position, row] of aligned.entries()) {
    if (row === 0) continue;
    const label = indexOf.get(row);
    if (label !== undefined) {
      positions.push(position);
      labels.push(label);
    }
    const chance = draw.uniform();
    if (chance < replaceRate) inputs[position] = rows[1 + draw.integer(rows.length - 1)] as number;
    else if (chance < replaceRate + hideRate) inputs[position] = 0;
  }
  return { inputs, candidates, positions, labels };
}
