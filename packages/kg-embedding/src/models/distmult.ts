import { tf } from "@kgraft/tensor";
import { z } from "zod";
import { dotProduct } from "../comparisons/dot-product.ts";
import type { EmbeddingDefinition, QueryBuilder } from "../model.ts";
import { trainingOptions } from "../training-options.ts";

const knownTimesRelation: QueryBuilder = {
  query: (known, relation) => tf.mul(known, relation),
  gradients: (known, relation, query) => ({ known: tf.mul(query, relation), relation: tf.mul(query, known) }),
};

/**
 * DistMult: `Σ h∘r∘t`. Symmetric: without reciprocal relations it cannot order a pair.
 *
 * @source Yang et al., ICLR 2015, section 3.1, the diagonal bilinear form
 */
export const distmult: EmbeddingDefinition = {
  name: "distmult",
  summary: "A relation weighs the coordinates of a dot product of head and tail.",
  paper: {
    title: "Embedding Entities and Relations for Learning and Inference in Knowledge Bases",
    authors: "Yang, Yih, He, Gao, Deng",
    venue: "ICLR 2015",
  },
  options: z.strictObject(trainingOptions),
  create: (options) => ({
    name: "distmult",
    options,
    entityWidth: options.dimension,
    relationWidth: options.dimension,
    comparison: dotProduct,
    tailQuery: knownTimesRelation,
    headQuery: knownTimesRelation,
  }),
};
