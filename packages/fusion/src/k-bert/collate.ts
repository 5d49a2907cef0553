import type { HostArray } from "@kgraft/tensor";
import type { BatchShape, PreparedExample } from "../contract.ts";
import type { KBertOptions } from "./options.ts";
import type { TreePlaces } from "./sentence-tree.ts";
import { visibleMatrices } from "./visible-matrix.ts";

/** The arrays that `k-bert` adds to a batch. */
export const arrays = {
  /** int32 [B, T], rows of the encoder's position table; padding has that of the batch's last piece. */
  softPositions: "fusion/k-bert/softPositions",
  /** bool [B, T, T], true where the piece of the row sees that of the column; padding sees nothing. */
  visible: "fusion/k-bert/visible",
} as const;

/**
 * Pads the trees of a batch.
 *
 * @param firstPosition the position of a sequence's first piece in the encoder's table
 */
export function collateTrees(
  batch: readonly PreparedExample<TreePlaces>[],
  { rows, length }: BatchShape,
  { positions, visibleMatrix }: Pick<KBertOptions, "positions" | "visibleMatrix">,
  firstPosition: number,
): Readonly<Record<string, HostArray>> {
  const trees = batch.map(({ knowledge }) => knowledge);
  const softPositions = (): HostArray => {
    const data = new Int32Array(rows * length).fill(firstPosition + length - 1);
    for (const [row, tree] of trees.entries())
      data.set(
        tree.softPositions.map((position) => position + firstPosition),
        row * length,
      );
    return { dtype: "int32", shape: [rows, length], data };
  };
  const visible = (): HostArray => ({
    dtype: "bool",
    shape: [rows, length, length],
    data: visibleMatrices(trees, rows, length),
  });
  return {
    ...(positions === "soft" && { [arrays.softPositions]: softPositions() }),
    ...(visibleMatrix && { [arrays.visible]: visible() }),
  };
}
