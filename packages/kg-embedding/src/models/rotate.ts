import { tf } from "@kgraft/tensor";
import { z } from "zod";
import { complexDistance } from "../comparisons/complex-distance.ts";
import type { EmbeddingDefinition, QueryBuilder } from "../model.ts";
import { trainingOptions } from "../training-options.ts";
import { complexRank, conjugate, halves, joined, times } from "./complex-rows.ts";

/** Turns by the relation's angles, or back by them. */
function turning(direction: 1 | -1): QueryBuilder {
  const rotation = (angles: tf.Tensor2D): tf.Tensor2D => joined(tf.cos(angles), tf.mul(tf.sin(angles), direction));
  return {
    query: (known, relation) => times(known, rotation(relation)),
    gradients(known, relation, query) {
      const turn = rotation(relation);
      const [real, imaginary] = halves(times(known, turn));
      const [toReal, toImaginary] = halves(query);
      const slope = tf.sub(tf.mul(toImaginary, real), tf.mul(toReal, imaginary)) as tf.Tensor2D;
      return { known: times(query, conjugate(turn)), relation: tf.mul(slope, direction) };
    },
  };
}

/**
 * RotatE: `-Σ_j |h_j e^{iθ_j} - t_j|`. A relation's row holds its angles θ in radians, half as many as an entity's numbers.
 *
 * @source Sun et al., ICLR 2019, section 3.2. Differs: angles are the parameters themselves, drawn from U(-π, π).
 */
export const rotate: EmbeddingDefinition = {
  name: "rotate",
  summary: "A relation turns every complex coordinate of the head towards the tail's.",
  paper: {
    title: "RotatE: Knowledge Graph Embedding by Relational Rotation in Complex Space",
    authors: "Sun, Deng, Nie, Tang",
    venue: "ICLR 2019",
  },
  options: z.strictObject(trainingOptions),
  create: (options) => ({
    name: "rotate",
    options,
    entityWidth: options.dimension,
    relationWidth: complexRank("rotate", options.dimension),
    comparison: complexDistance,
    tailQuery: turning(1),
    headQuery: turning(-1),
    fillRelations(values, draw) {
      for (let i = 0; i < values.length; i++) values[i] = (2 * draw.uniform() - 1) * Math.PI;
    },
  }),
};
