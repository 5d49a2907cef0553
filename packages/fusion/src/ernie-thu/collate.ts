import type { Draw } from "@kgraft/runtime";
import type { HostArray } from "@kgraft/tensor";
import type { BatchShape, PreparedExample } from "../contract.ts";
import { bucketOf, ones, paddedList } from "../padded-list.ts";
import type { AlignedEntities } from "./alignment.ts";
import type { Candidates } from "./candidates.ts";
import { corruptAlignments, type Denoising } from "./corruption.ts";
import type { ErnieThuOptions } from "./options.ts";

/** The arrays that `ernie-thu` adds to a batch. C candidates and M aligned pieces are padded to powers of two. */
export const arrays = {
  /** float32 [N + 1, E], constant: a zero row for "no entity", then the entities' vectors. */
  entityVectors: "fusion/ernie-thu/entityVectors",
  /** int32 [B, T], rows of the entity table. */
  entityIds: "fusion/ernie-thu/entityIds",
  /** bool [B, T], true where a piece takes part in the entity stream. */
  entityMask: "fusion/ernie-thu/entityMask",
  /** int32 [C], rows of the candidate entities, not there where they are all; row 0 ("no entity") is a candidate that is never right. */
  candidates: "fusion/ernie-thu/candidates",
  /** bool [C], false on padding. */
  candidateMask: "fusion/ernie-thu/candidateMask",
  /** int32 [M], places of aligned pieces in the batch, row by row (0 to B*T - 1). */
  alignedPositions: "fusion/ernie-thu/alignedPositions",
  /** int32 [M], index of each aligned piece's own entity among the candidates. */
  alignedLabels: "fusion/ernie-thu/alignedLabels",
  /** float32 [M], 0 on padding. */
  alignedWeights: "fusion/ernie-thu/alignedWeights",
} as const;

/**
 * Pads a batch's alignments; in pre-training (with a draw) corrupts them and adds what denoising asks.
 *
 * @param candidates default: the batch's own
 */
export function collateAlignments(
  batch: readonly PreparedExample<AlignedEntities>[],
  shape: BatchShape,
  options: Pick<ErnieThuOptions, "clsEntity" | "replaceRate" | "hideRate">,
  draw: Draw | undefined,
  candidates?: Candidates,
): Readonly<Record<string, HostArray>> {
  const aligned = new Int32Array(shape.rows * shape.length);
  for (const [row, { knowledge }] of batch.entries()) aligned.set(knowledge, row * shape.length);
  if (draw === undefined) return entityArrays(aligned, shape, options.clsEntity);
  const denoising = corruptAlignments(aligned, options, draw, candidates);
  return { ...entityArrays(denoising.inputs, shape, options.clsEntity), ...denoisingArrays(denoising) };
}

function entityArrays(ids: Int32Array, { rows, length }: BatchShape, clsEntity: boolean): Record<string, HostArray> {
  const mask = Uint8Array.from(ids, (id, place) => (id !== 0 || (clsEntity && place % length === 0) ? 1 : 0));
  return {
    [arrays.entityIds]: { dtype: "int32", shape: [rows, length], data: ids },
    [arrays.entityMask]: { dtype: "bool", shape: [rows, length], data: mask },
  };
}

function candidateArrays(rows: readonly number[]): Record<string, HostArray> {
  const columns = [bucketOf(rows.length)];
  return {
    [arrays.candidates]: paddedList("int32", rows, columns),
    [arrays.candidateMask]: paddedList("bool", ones(rows), columns),
  };
}

function denoisingArrays({ candidates, positions, labels }: Denoising): Record<string, HostArray> {
  const places = [bucketOf(positions.length)];
  return {
    ...(candidates.whole !== true && candidateArrays(candidates.rows)),
    [arrays.alignedPositions]: paddedList("int32", positions, places),
    [arrays.alignedLabels]: paddedList("int32", labels, places),
    [arrays.alignedWeights]: paddedList("float32", ones(labels), places),
  };
}
