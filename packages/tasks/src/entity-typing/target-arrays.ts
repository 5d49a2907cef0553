import type { BatchShape, PreparedText } from "@kgraft/fusion";
import type { HostArray } from "@kgraft/tensor";
import type { EntityTypingOptions } from "./options.ts";

/** Names of the task's arrays in a batch. */
export const typingArrays = {
  /** float32 [B, T]: how much of each piece's hidden state the head reads; each row sums to 1. */
  pooling: "task/entity-typing/pooling",
  /** int32 [B] (one label each) or float32 [B, C] of 0 and 1. */
  labels: "task/entity-typing/labels",
} as const;

/**
 * Makes the pooling weights of a batch on the host, so that no shape depends on how many pieces a target has.
 *
 * @param examples each with at least one target piece
 */
export function poolingMatrix(
  examples: readonly PreparedText[],
  { rows, length }: BatchShape,
  pooling: EntityTypingOptions["pooling"],
): Readonly<Record<string, HostArray>> {
  const data = new Float32Array(rows * length);
  for (const [row, { targetPieces = [] }] of examples.entries()) {
    const read = pooling === "mention-mean" ? targetPieces : [pooling === "first-piece" ? (targetPieces[0] ?? 0) : 0];
    for (const piece of read) data[row * length + piece] = 1 / read.length;
  }
  return { [typingArrays.pooling]: { dtype: "float32", shape: [rows, length], data } };
}

/** Makes the gold labels of a batch: numbers where there is one each, else a matrix; labels outside the list are not in it. */
export function targetLabels(
  examples: readonly PreparedText[],
  number: ReadonlyMap<string, number>,
  single: boolean,
): Readonly<Record<string, HostArray>> {
  const rows = examples.length;
  const numbers = examples.map(({ example }) =>
    (example.labels ?? []).flatMap((label) => {
      const found = number.get(label);
      return found === undefined ? [] : [found];
    }),
  );
  if (single) {
    const data = Int32Array.from(numbers, ([first = 0]) => first);
    return { [typingArrays.labels]: { dtype: "int32", shape: [rows], data } };
  }
  const data = new Float32Array(rows * number.size);
  for (const [row, labels] of numbers.entries()) for (const label of labels) data[row * number.size + label] = 1;
  return { [typingArrays.labels]: { dtype: "float32", shape: [rows, number.size], data } };
}
