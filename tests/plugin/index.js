/**
 * # @kgraft-example/fusion-mean-entity
 *
 * A fusion strategy as a stranger would write and publish it: one file, one binding, nothing of kgraft edited.
 *
 *     npm install @kgraft-example/fusion-mean-entity
 *
 *     plugins: ["@kgraft-example/fusion-mean-entity"]
 *     fusion: { name: mean-entity }
 *     strategies: { mean-entity: { layer: 3 } }
 *
 * Idea: behind one layer every position may add the mean vector of the entities its text mentions, through a gate that the
 * position opens itself:
 *
 *     h' = h + dropout(sigmoid(Wg h + bg) * (We mean(entities)))
 *
 * h float32 [B, T, H], mean(entities) float32 [B, E]. A text without a linked entity adds zero: it is plain BERT.
 *
 * What to copy for a strategy of your own:
 * 1. the options as a strict zod object, each with a default and a description;
 * 2. `create`, which returns only the seams the idea needs;
 * 3. the module at the end of the file;
 * 4. a test that calls `describeFusion` of `@kgraft/fusion/testing` (see mean-entity.test.ts).
 */
import { arrayOf, defineFusion, FUSION } from "@kgraft/fusion";
import { InputError } from "@kgraft/runtime";
import { ops, tf } from "@kgraft/tensor";
import { ContainerModule } from "inversify";
import { z } from "zod";

const prefix = "fusion/mean-entity";
const meanVectors = `${prefix}/meanVectors`; // float32 [B, E]

export const meanEntity = defineFusion({
  name: "mean-entity",
  summary: "Adds the gated mean vector of a text's entities behind one layer.",
  options: z.strictObject({
    layer: z
      .number()
      .int()
      .min(0)
      .nullable()
      .optional()
      .describe("Layer to add it behind, counted from 0; null: nowhere. Default: the middle of the encoder."),
  }),
  needs: ["vectors", "linker"],
  accepts: ["text"],
  // It only adds behind a layer, so it stacks with a strategy that changes the inside of layers.
  claims: [],
  neutral: { layer: null },
  create({ layer }, { encoder, vectors }) {
    if (layer === null) return {};
    if (vectors === undefined) {
      throw new InputError({
        code: "mean-entity.vectors",
        at: "config.fusion",
        problem: "mean-entity has no entity vectors",
        fix: "Name a graph and an embedding in the config",
      });
    }
    const place = layer ?? Math.floor(encoder.numLayers / 2);
    if (place >= encoder.numLayers) {
      throw new InputError({
        code: "mean-entity.layer",
        at: "config.strategies.mean-entity.layer",
        problem: `layer ${place}, but the encoder has ${encoder.numLayers} layers`,
        wanted: `Layers are counted from 0 to ${encoder.numLayers - 1}`,
      });
    }
    return fusionAt(place, encoder, vectors);
  },
});

/** @returns {import("@kgraft/fusion").Fusion<Float32Array>} */
function fusionAt(place, encoder, vectors) {
  const { hiddenSize, initializerRange, hiddenDropout } = encoder;
  const normal = { kind: "normal", deviation: initializerRange };
  return {
    parameters: [
      { name: `${prefix}/gate/kernel`, shape: [hiddenSize, hiddenSize], init: normal, role: "weight" },
      { name: `${prefix}/gate/bias`, shape: [hiddenSize], init: { kind: "zeros" }, role: "bias" },
      { name: `${prefix}/entity/kernel`, shape: [hiddenSize, vectors.dimension], init: normal, role: "weight" },
    ],
    firstLayer: place,
    prepare: (example, encoding) => ({ encoding, knowledge: meanVector(example.mentions ?? [], vectors) }),
    collate(batch, { rows }) {
      const data = new Float32Array(rows * vectors.dimension);
      for (const [row, { knowledge }] of batch.entries()) data.set(knowledge, row * vectors.dimension);
      return { [meanVectors]: { dtype: "float32", shape: [rows, vectors.dimension], data } };
    },
    layer(stream, block, { weights, batch, context }) {
      if (block.index !== place) return undefined;
      const after = block.forward(stream);
      const mean = tf.expandDims(arrayOf(batch, meanVectors), 1); // [B, 1, E]
      const gate = tf.sigmoid(
        ops.linear(after.hidden, weights.get(`${prefix}/gate/kernel`), weights.get(`${prefix}/gate/bias`)),
      ); // [B, T, H]
      const added = tf.mul(gate, ops.linear(mean, weights.get(`${prefix}/entity/kernel`))); // [B, T, H]
      return { ...after, hidden: tf.add(after.hidden, ops.dropout(added, hiddenDropout, context, `${prefix}/added`)) };
    },
  };
}

/** @returns {Float32Array} mean vector of the mentioned entities that have one, [E]; zero where none has */
function meanVector(mentions, { row, values, dimension }) {
  const rows = mentions.map(({ entity }) => row.get(entity)).filter((found) => found !== undefined);
  const mean = new Float32Array(dimension);
  for (const found of rows) {
    for (let i = 0; i < dimension; i++) mean[i] += values[found * dimension + i] / rows.length;
  }
  return mean;
}

export default new ContainerModule(({ bind }) => {
  bind(FUSION).toConstantValue(meanEntity);
});
