import { tf } from "@kgraft/tensor";
import type { Comparison } from "../comparison.ts";

/** Squared distances below this are rounding of the expanded form and count as this: scores are at most -1e-3. */
const SMALLEST_SQUARE = 1e-6;

/**
 * Compares by `-‖q - e‖₂`.
 *
 * Against many candidates `‖q‖² + ‖e‖² - 2 q·e` is one product of rows two columns longer, `[-2q, ‖q‖², 1] · [e, 1, ‖e‖²]`;
 * row and column sums of the gradients likewise ride in a column of ones. The expansion loses digits where query and
 * entity nearly coincide: against `pairs` it is exact to 1e-3 there, to 1e-5 elsewhere.
 */
export const euclideanDistance: Comparison = {
  all(queries, candidates) {
    const left = tf.concat([tf.mul(queries, -2), squares(queries), ones(queries)], 1); // [B, E+2]
    const right = tf.concat([candidates, ones(candidates), squares(candidates)], 1); // [K, E+2]
    return negatedRoot(tf.matMul(left, right, false, true));
  },
  pairs: (queries, entities) => negatedRoot(squares(tf.sub(queries, entities))),
  allGradients(queries, candidates, scores, weights, scale) {
    // d score / d q = (q - e) / score, so with P = weights / score every gradient is a product with P.
    const pull = tf.div(weights, scores); // [B, K]
    const [towards, rowSums] = splitLast(tf.matMul(pull, tf.concat([candidates, ones(candidates)], 1)));
    const scaled = tf.concat([tf.mul(queries, scale), scale], 1); // [B, E+1]
    const [from, columnSums] = splitLast(tf.matMul(pull, scaled, true, false));
    return {
      query: tf.mul(tf.sub(tf.mul(rowSums, queries), towards), scale),
      entity: tf.sub(tf.mul(columnSums, candidates), from),
    };
  },
  pairGradients(queries, entities, scores, weights) {
    const query: tf.Tensor2D = tf.mul(tf.sub(queries, entities), tf.div(weights, scores));
    return { query, entity: tf.neg(query) };
  },
};

const squares = (rows: tf.Tensor): tf.Tensor2D => tf.sum(tf.square(rows), 1, true);
const ones = (rows: tf.Tensor2D): tf.Tensor2D => tf.ones([rows.shape[0], 1]);
const negatedRoot = (square: tf.Tensor): tf.Tensor2D => tf.neg(tf.sqrt(tf.maximum(square, SMALLEST_SQUARE)));

/** Parts rows into all columns but the last, and the last. */
function splitLast(rows: tf.Tensor): [rest: tf.Tensor, last: tf.Tensor] {
  const width = (rows.shape[1] as number) - 1;
  return [tf.slice(rows, [0, 0], [-1, width]), tf.slice(rows, [0, width], [-1, 1])];
}
