import { tf } from "@kgraft/tensor";
import type { TreePlaces } from "./sentence-tree.ts";

/** The places of a batch's pieces as int32 [B, T]; see {@link TreePlaces}. */
export type TreeTensors = Readonly<Record<"branches" | "words" | "parents", tf.Tensor>>;

/**
 * Says who sees whom: the trunk itself, a branch itself, and a word its branches and they it.
 *
 * @returns bool [B, T, T], symmetric
 * @source Liu et al., AAAI 2020, section 3.3; official code, brain/knowgraph.py
 */
export function visibleMatrix({ branches, words, parents }: TreeTensors): tf.Tensor {
  return tf.tidy(() => {
    const hanging = tf.equal(rows(words), columns(parents)); // [B, T, T]: the branch of the column hangs on the row's word
    const hung = tf.equal(rows(parents), columns(words));
    return tf.logicalOr(tf.equal(rows(branches), columns(branches)), tf.logicalOr(hanging, hung));
  });
}

/** The same of one example on the host, as rows of 0 and 1. */
export function visibleRows({ branches, words, parents }: TreePlaces): number[][] {
  return Array.from(branches, (branch, i) =>
    Array.from(branches, (other, j) =>
      branch === other || words[i] === parents[j] || parents[i] === words[j] ? 1 : 0,
    ),
  );
}

const rows = (x: tf.Tensor): tf.Tensor => tf.expandDims(x, 2);
const columns = (x: tf.Tensor): tf.Tensor => tf.expandDims(x, 1);
