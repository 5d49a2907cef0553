import type { tf } from "@kgraft/tensor";

/** Gradients of a comparison. */
export interface ComparisonGradients {
  /** float32 [B, E] */
  readonly query: tf.Tensor2D;
  /** float32 [K, E], or [B, E] for pairs */
  readonly entity: tf.Tensor2D;
}

/**
 * How near a query is to entities; higher is better. With a query builder it makes a model's score, so that training,
 * ranking and search need one product of queries with candidates and no tape. Pure functions of tensors.
 *
 * Letters: B queries, K candidates, E width of an entity row.
 */
export interface Comparison {
  /** @returns float32 [B, K] from [B, E] and [K, E] */
  all(queries: tf.Tensor2D, candidates: tf.Tensor2D): tf.Tensor2D;
  /** @returns float32 [B, 1], row b of the queries against row b of the entities */
  pairs(queries: tf.Tensor2D, entities: tf.Tensor2D): tf.Tensor2D;
  /**
   * Gradients of `Σ_bk scale_b weight_bk score_bk`.
   *
   * @param scores  what `all` gave, [B, K]
   * @param weights [B, K]
   * @param scale   [B, 1]
   */
  allGradients(
    queries: tf.Tensor2D,
    candidates: tf.Tensor2D,
    scores: tf.Tensor2D,
    weights: tf.Tensor2D,
    scale: tf.Tensor2D,
  ): ComparisonGradients;
  /** Gradients of `Σ_b weight_b score_b`; scores and weights are [B, 1]. */
  pairGradients(
    queries: tf.Tensor2D,
    entities: tf.Tensor2D,
    scores: tf.Tensor2D,
    weights: tf.Tensor2D,
  ): ComparisonGradients;
}
