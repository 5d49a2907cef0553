import type { Definition, Draw } from "@kgraft/runtime";
import type { tf } from "@kgraft/tensor";
import type { Comparison } from "./comparison.ts";
import type { TrainingOptions } from "./training-options.ts";

/**
 * Turns the known entity and the relation of a question into the point where the answer should lie.
 *
 * Letters: B questions, E width of an entity's row, F width of a relation's row.
 */
export interface QueryBuilder {
  /** @returns float32 [B, E] from known entities [B, E] and relations [B, F] */
  query(known: tf.Tensor2D, relations: tf.Tensor2D): tf.Tensor2D;
  /** Gradients of known entities [B, E] and relations [B, F], given those of the queries [B, E]. */
  gradients(known: tf.Tensor2D, relations: tf.Tensor2D, query: tf.Tensor2D): QueryGradients;
}

export interface QueryGradients {
  readonly known: tf.Tensor2D;
  readonly relation: tf.Tensor2D;
}

/** What is needed to make a model: nothing but its options. */
export type ModelNeeds = Readonly<Record<string, never>>;

/**
 * A model of triples: `score(h, r, t) = comparison(tailQuery(h, r), t) = comparison(headQuery(t, r), h)`.
 * Pure functions over rows of two tables; the tables belong to whoever trains or reads them.
 */
export interface EmbeddingModel {
  /** The config name. */
  readonly name: string;
  /** How it is trained, with the model's own options, for the record. */
  readonly options: TrainingOptions & Readonly<Record<string, unknown>>;
  /** E: numbers in an entity's row. */
  readonly entityWidth: number;
  /** F: numbers in a relation's row. */
  readonly relationWidth: number;
  readonly comparison: Comparison;
  /** Asks (head, relation, ?). */
  readonly tailQuery: QueryBuilder;
  /** Asks (?, relation, tail). */
  readonly headQuery: QueryBuilder;
  /** Fills the first relation vectors where they are not drawn as the entities' are. */
  fillRelations?(values: Float32Array, draw: Draw): void;
}

/** An embedding model that can be chosen by name. */
export type EmbeddingDefinition<Options extends TrainingOptions = TrainingOptions> = Definition<
  Options,
  ModelNeeds,
  EmbeddingModel
>;
