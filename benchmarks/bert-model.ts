/** The BERT that is timed: its losses by this package's ops, and its first weights. */
import { streams } from "@kgraft/runtime";
import { type LossFunction, ops, Parameters, tf } from "@kgraft/tensor";
import { EPSILON, isPlain, SHAPE, weightShapes, weightValues } from "./bert-data.ts";

export const losses: LossFunction = (weights, batch, step) => {
  const get = (name: string): tf.Tensor => weights.get(name);
  const at = (name: string): tf.Tensor => batch[name] as tf.Tensor;
  const bias = ops.visibleBias(at("visible"));
  let x = tf.add(
    ops.embedding(get("word"), at("ids")),
    tf.add(get("position"), tf.slice(get("type"), [0, 0], [1, SHAPE.hidden])),
  );
  x = ops.layerNorm(x, get("gain"), get("shift"), EPSILON);
  for (let layer = 0; layer < SHAPE.layers; layer++) {
    const dense = (input: tf.Tensor, name: string): tf.Tensor =>
      ops.linear(input, get(`${layer}.${name}`), get(`${layer}.${name}Bias`));
    const attended = ops.attention(dense(x, "query"), dense(x, "key"), dense(x, "value"), {
      heads: SHAPE.heads,
      bias,
    });
    x = ops.dropoutResidualNorm(
      dense(attended, "output"),
      x,
      get(`${layer}.gain1`),
      get(`${layer}.shift1`),
      EPSILON,
      0,
      step,
      `${layer}.1`,
    );
    const inner = ops.gelu(dense(x, "up"));
    x = ops.dropoutResidualNorm(
      dense(inner, "down"),
      x,
      get(`${layer}.gain2`),
      get(`${layer}.shift2`),
      EPSILON,
      0,
      step,
      `${layer}.2`,
    );
  }
  const chosen = ops.gatherRows(tf.reshape(x, [-1, SHAPE.hidden]), at("rows"));
  const hidden = ops.layerNorm(
    ops.gelu(ops.linear(chosen, get("transform"), get("transformBias"))),
    get("transformGain"),
    get("transformShift"),
    EPSILON,
  );
  const mlm = ops.tiedVocabularyLoss(hidden, get("word"), get("vocabularyBias"), at("labels"), at("weights"));
  return { mlm };
};

export function firstWeights(): Parameters {
  const shapes = weightShapes();
  const role = (name: string) => (isPlain(name) ? ("bias" as const) : ("weight" as const));
  const specs = Object.entries(shapes).map(([name, shape]) => ({
    ...{ name, shape, role: role(name) },
    init: { kind: "zeros" as const },
  }));
  const parameters = Parameters.create(specs, streams(1));
  for (const [name, shape] of Object.entries(shapes)) parameters.assign(name, weightValues(name, shape));
  return parameters;
}
