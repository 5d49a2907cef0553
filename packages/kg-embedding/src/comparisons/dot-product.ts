import { tf } from "@kgraft/tensor";
import type { Comparison } from "../comparison.ts";

/** Compares by `q · e`. */
export const dotProduct: Comparison = {
  all: (queries, candidates) => tf.matMul(queries, candidates, false, true),
  pairs: (queries, entities) => tf.sum(tf.mul(queries, entities), 1, true),
  allGradients: (queries, candidates, _scores, weights, scale) => ({
    query: tf.mul(tf.matMul(weights, candidates), scale),
    entity: tf.matMul(weights, tf.mul(queries, scale), true, false),
  }),
  pairGradients: (queries, entities, _scores, weights) => ({
    query: tf.mul(entities, weights),
    entity: tf.mul(queries, weights),
  }),
};
