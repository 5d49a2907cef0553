/**
 * One arm of the training-step benchmark, in a process of its own: a BERT with this package's ops and optimiser. Prints a
 * line when it is ready, then one a step for every line that it is given.
 */
import { createInterface } from "node:readline";
import { streams } from "@kgraft/runtime";
import { gradients, type LossFunction, Optimiser, openBackend, ops, Parameters, tf, toDevice } from "@kgraft/tensor";
import { EPSILON, hostBatch, isPlain, OPTIMISER, SHAPE, weightShapes, weightValues } from "./bert-data.ts";

const losses: LossFunction = (weights, batch, step) => {
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

function firstWeights(): Parameters {
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

/** Forward, backward and update; gives the loss before it. */
async function step(parameters: Parameters, optimiser: Optimiser, batch: tf.NamedTensorMap, count: number) {
  const scalars = optimiser.scalars(count, 1);
  const { gradients: slopes, losses: found } = gradients(losses, parameters, batch, { training: true });
  optimiser.apply(slopes, scalars);
  const { sum, weight } = found.mlm as (typeof found)[string];
  // Reading waits for the whole step: ops run in order.
  const loss = (await tf.div(sum, weight).data())[0];
  tf.dispose([{ ...scalars }, { ...slopes }, sum, weight]);
  return loss;
}

export async function main([backendName = "native"]: readonly string[]): Promise<void> {
  const { name, description, threads } = await openBackend(backendName);
  const parameters = firstWeights();
  const optimiser = new Optimiser({ name: "adamw", ...OPTIMISER }, parameters);
  const batch = toDevice(hostBatch()) as tf.NamedTensorMap;
  console.log(JSON.stringify({ ready: `${name}: ${description}, ${name === "native" ? threads : 1} threads` }));
  let count = 0;
  for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    const loss = await step(parameters, optimiser, batch, ++count);
    const seconds = (performance.now() - start) / 1000;
    console.log(JSON.stringify({ seconds, loss, peakMiB: process.resourceUsage().maxRSS / 1024 }));
  }
}
