import { z } from "zod";
import { dotProduct } from "../comparisons/dot-product.ts";
import type { EmbeddingDefinition, QueryBuilder } from "../model.ts";
import { trainingOptions } from "../training-options.ts";
import { complexRank, conjugate, times } from "./complex-rows.ts";

/** Re(h r conj(t)) is the plain dot product of the rows h r and t; gradients of a product z w are ẑ conj(w), ẑ conj(z). */
const headTimesRelation: QueryBuilder = {
  query: (head, relation) => times(head, relation),
  gradients: (head, relation, query) => ({
    known: times(query, conjugate(relation)),
    relation: times(query, conjugate(head)),
  }),
};

/** Re(h r conj(t)) is also the dot product of conj(r) t and h; with respect to r, ẑ of conj(r) t gives conj(ẑ) t. */
const tailTimesConjugate: QueryBuilder = {
  query: (tail, relation) => times(tail, conjugate(relation)),
  gradients: (tail, relation, query) => ({
    known: times(query, relation),
    relation: times(conjugate(query), tail),
  }),
};

/**
 * ComplEx: `Re Σ h∘r∘conj(t)`.
 *
 * @source Trouillon et al., ICML 2016, section 3.2
 */
export const complex: EmbeddingDefinition = {
  name: "complex",
  summary: "DistMult over complex numbers, whose conjugate lets a relation have a direction.",
  paper: {
    title: "Complex Embeddings for Simple Link Prediction",
    authors: "Trouillon, Welbl, Riedel, Gaussier, Bouchard",
    venue: "ICML 2016",
  },
  options: z.strictObject(trainingOptions),
  create(options) {
    complexRank("complex", options.dimension);
    return {
      name: "complex",
      options,
      entityWidth: options.dimension,
      relationWidth: options.dimension,
      comparison: dotProduct,
      tailQuery: headTimesRelation,
      headQuery: tailTimesConjugate,
    };
  },
};
