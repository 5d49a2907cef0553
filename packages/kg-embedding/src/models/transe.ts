import { tf } from "@kgraft/tensor";
import { z } from "zod";
import { euclideanDistance } from "../comparisons/euclidean-distance.ts";
import { manhattanDistance } from "../comparisons/manhattan-distance.ts";
import type { EmbeddingDefinition, QueryBuilder } from "../model.ts";
import { type TrainingOptions, trainingOptions } from "../training-options.ts";

const headPlusRelation: QueryBuilder = {
  query: (head, relation) => tf.add(head, relation),
  gradients: (_head, _relation, query) => ({ known: query, relation: query }),
};

const tailMinusRelation: QueryBuilder = {
  query: (tail, relation) => tf.sub(tail, relation),
  gradients: (_tail, _relation, query) => ({ known: query, relation: tf.neg(query) }),
};

/**
 * TransE: `-‖h + r - t‖_p`.
 *
 * @source Bordes et al., NeurIPS 2013, section 2. Differs: no norm constraint, as in the tuned configurations of
 * Ruffinelli et al., ICLR 2020; the loss is chosen by option.
 */
export const transe: EmbeddingDefinition<TrainingOptions & { p: 1 | 2 }> = {
  name: "transe",
  summary: "A relation is a step: head plus relation lies near tail.",
  paper: {
    title: "Translating Embeddings for Modeling Multi-relational Data",
    authors: "Bordes, Usunier, Garcia-Durán, Weston, Yakhnenko",
    venue: "NeurIPS 2013",
  },
  options: z.strictObject({
    ...trainingOptions,
    learningRate: trainingOptions.learningRate.default(0.3),
    p: z
      .union([z.literal(1), z.literal(2)])
      .default(2)
      .describe("Norm of the distance; 2 is one matrix product, 1 is several times slower."),
  }),
  create: (options) => ({
    name: "transe",
    options,
    entityWidth: options.dimension,
    relationWidth: options.dimension,
    comparison: options.p === 2 ? euclideanDistance : manhattanDistance,
    tailQuery: headPlusRelation,
    headQuery: tailMinusRelation,
  }),
};
