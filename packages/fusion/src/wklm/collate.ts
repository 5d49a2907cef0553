import type { HostArray } from "@kgraft/tensor";
import type { BatchShape, PreparedExample } from "../contract.ts";
import { bucketOf, ones, paddedList } from "../padded-list.ts";
import type { AskedMention } from "./asked-mentions.ts";
import type { WklmOptions } from "./options.ts";

/** The arrays that `wklm` adds to a batch of pre-training; M mentions are padded to a power of two. */
export const arrays = {
  /** int32 [M, K], places in the batch (0 to B*T - 1): the K = 2 around a mention, or K = 1, its first. */
  pieces: "fusion/wklm/pieces",
  /** int32 [M], 1 for an original, 0 for a replaced mention. */
  labels: "fusion/wklm/labels",
  /** float32 [M], 0 on padding. */
  weights: "fusion/wklm/weights",
} as const;

/** Lists a batch's mentions, row by row. */
export function collateMentions(
  batch: readonly PreparedExample<readonly AskedMention[]>[],
  { length }: BatchShape,
  { states }: Pick<WklmOptions, "states">,
): Readonly<Record<string, HostArray>> {
  const asked = batch.flatMap(({ knowledge }, row) => knowledge.map((mention) => ({ mention, row })));
  const pieces = asked.flatMap(({ mention: { first, boundary }, row }) =>
    (states === "boundary" ? boundary : [first]).map((piece) => row * length + piece),
  );
  const labels = asked.map(({ mention }) => (mention.original ? 1 : 0));
  const most = bucketOf(asked.length);
  return {
    [arrays.pieces]: paddedList("int32", pieces, [most, states === "boundary" ? 2 : 1]),
    [arrays.labels]: paddedList("int32", labels, [most]),
    [arrays.weights]: paddedList("float32", ones(labels), [most]),
  };
}
