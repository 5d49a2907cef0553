import type { HostArray } from "@kgraft/tensor";
import type { BatchShape, PreparedExample } from "../contract.ts";
import type { KBertOptions } from "./options.ts";
import type { TreePlaces } from "./sentence-tree.ts";

/** The arrays that `k-bert` adds to a batch, all int32 [B, T]; see {@link TreePlaces}. */
export const arrays = {
  /** Rows of the encoder's position table; padding has that of the batch's last piece. */
  softPositions: "fusion/k-bert/softPositions",
  /** -1 on padding. */
  branches: "fusion/k-bert/branches",
  words: "fusion/k-bert/words",
  parents: "fusion/k-bert/parents",
} as const satisfies Record<keyof TreePlaces, string>;

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
  const padded = (name: keyof TreePlaces, padding: number, offset = 0): Record<string, HostArray> => {
    const data = new Int32Array(rows * length).fill(padding + offset);
    for (const [row, { knowledge }] of batch.entries())
      data.set(offset === 0 ? knowledge[name] : knowledge[name].map((value) => value + offset), row * length);
    return { [arrays[name]]: { dtype: "int32", shape: [rows, length], data } };
  };
  return {
    ...(positions === "soft" && padded("softPositions", length - 1, firstPosition)),
    ...(visibleMatrix && { ...padded("branches", -1), ...padded("words", 0), ...padded("parents", -1) }),
  };
}
