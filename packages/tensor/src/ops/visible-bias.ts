import * as tf from "@tensorflow/tfjs-core";
import { checkShape } from "./shape-check.ts";

/** What is added to the score of a key that may not be seen: its weight is then exactly 0 in float32. */
const HIDDEN = -1e9;

/**
 * Turns a visibility into what attention adds to its scores: 0, or a large negative number.
 *
 * A query that sees nothing (padding) sees itself where queries and keys are the same tokens, else everything alike.
 *
 * @param visible bool [B, 1|Tq, Tk], true where a query may see a key
 * @returns float32 [B, 1, 1|Tq, Tk]
 * @throws RunError `tensor.shape` where it has another rank
 */
export function visibleBias(visible: tf.Tensor): tf.Tensor4D {
  checkShape("visibleBias", "visible", visible, visible.rank === 3, "bool [B, 1|Tq, Tk]");
  const [, queries, keys] = visible.shape as [number, number, number];
  return tf.tidy(() => {
    const seen = tf.cast(visible, "float32");
    const sees = queries === keys ? tf.add(seen, tf.mul(tf.eye(keys), tf.sub(1, tf.max(seen, -1, true)))) : seen;
    return tf.expandDims(tf.mul(tf.sub(1, sees), HIDDEN), 1) as tf.Tensor4D;
  });
}
