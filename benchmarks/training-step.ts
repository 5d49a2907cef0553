/**
 * One training step (forward and backward) of a BERT with 4 layers, H 256, 4 heads, 16 x 128 tokens, 19 masked a row,
 * vocabulary 8192 tied: with this package's ops and with plain TensorFlow.js ops, in turns in one run.
 */
import { streams } from "@kgraft/runtime";
import { openBackend, ops, tf } from "@kgraft/tensor";

const SHAPE = { layers: 4, hidden: 256, heads: 4, inner: 1024, tokens: 128, batch: 16, words: 8192, masked: 19 };
type Shape = typeof SHAPE;
type Weights = Record<string, tf.Variable>;

const EPSILON = 1e-12;

function weightShapes({ layers, hidden, inner, tokens, words }: Shape): Record<string, number[]> {
  const shapes: Record<string, number[]> = {
    word: [words, hidden],
    position: [tokens, hidden],
    type: [2, hidden],
    gain: [hidden],
    shift: [hidden],
    transform: [hidden, hidden],
    transformBias: [hidden],
    transformGain: [hidden],
    transformShift: [hidden],
    vocabularyBias: [words],
  };
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["query", "key", "value", "output"]) {
      shapes[`${layer}.${name}`] = [hidden, hidden];
      shapes[`${layer}.${name}Bias`] = [hidden];
    }
    Object.assign(shapes, {
      [`${layer}.up`]: [inner, hidden],
      [`${layer}.upBias`]: [inner],
      [`${layer}.down`]: [hidden, inner],
      [`${layer}.downBias`]: [hidden],
      [`${layer}.gain1`]: [hidden],
      [`${layer}.shift1`]: [hidden],
      [`${layer}.gain2`]: [hidden],
      [`${layer}.shift2`]: [hidden],
    });
  }
  return shapes;
}

function makeWeights(shape: Shape): Weights {
  return Object.fromEntries(
    Object.entries(weightShapes(shape)).map(([name, sizes]) => {
      const values = streams(1)
        .at(name)
        .fillNormal(new Float32Array(tf.util.sizeFromShape(sizes)), 0.05);
      if (/gain/i.test(name)) for (let i = 0; i < values.length; i++) values[i] = 1 + (values[i] as number);
      return [name, tf.variable(tf.tensor(values, sizes))];
    }),
  );
}

function makeBatch({ batch, tokens, masked, words }: Shape) {
  const draw = streams(1).at("batch");
  const ids = Int32Array.from({ length: batch * tokens }, () => draw.integer(words));
  const rows = Int32Array.from(
    { length: batch * masked },
    (_, i) => Math.floor(i / masked) * tokens + ((i * 7) % tokens),
  );
  const labels = Int32Array.from({ length: batch * masked }, () => draw.integer(words));
  const visible = Uint8Array.from({ length: batch * tokens }, (_, i) => (i % tokens < tokens - (i % 16) ? 1 : 0));
  const labelTensor = tf.tensor1d(labels, "int32");
  const mask = tf.tensor(visible, [batch, 1, tokens], "bool");
  return {
    ids: tf.tensor(ids, [batch, tokens], "int32"),
    rows: tf.tensor1d(rows, "int32"),
    labels: labelTensor,
    hot: tf.cast(tf.oneHot(labelTensor, words), "float32"),
    weights: tf.ones([batch * masked]),
    visible: mask,
    bias: ops.visibleBias(mask) as tf.Tensor,
  };
}
type Batch = ReturnType<typeof makeBatch>;

const context = (rate: number, key: tf.Tensor) => ({ training: rate > 0, key });

function lossWithOps(w: Weights, batch: Batch, shape: Shape, rate: number, key: tf.Tensor): tf.Tensor {
  const get = (name: string): tf.Tensor => w[name] as tf.Tensor;
  const step = context(rate, key);
  const bias = ops.visibleBias(batch.visible);
  let x = tf.add(
    ops.embedding(get("word"), batch.ids),
    tf.add(get("position"), tf.slice(get("type"), [0, 0], [1, shape.hidden])),
  );
  x = ops.dropout(ops.layerNorm(x, get("gain"), get("shift"), EPSILON), rate, step, "embedding");
  for (let layer = 0; layer < shape.layers; layer++) {
    const dense = (input: tf.Tensor, name: string): tf.Tensor =>
      ops.linear(input, get(`${layer}.${name}`), get(`${layer}.${name}Bias`));
    const attended = ops.attention(dense(x, "query"), dense(x, "key"), dense(x, "value"), {
      heads: shape.heads,
      bias,
      dropout: { rate, context: step, site: `${layer}.attention` },
    });
    x = ops.dropoutResidualNorm(
      dense(attended, "output"),
      x,
      get(`${layer}.gain1`),
      get(`${layer}.shift1`),
      EPSILON,
      rate,
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
      rate,
      step,
      `${layer}.2`,
    );
  }
  const chosen = ops.gatherRows(tf.reshape(x, [-1, shape.hidden]), batch.rows);
  const hidden = ops.layerNorm(
    ops.gelu(ops.linear(chosen, get("transform"), get("transformBias"))),
    get("transformGain"),
    get("transformShift"),
    EPSILON,
  );
  const loss = ops.tiedVocabularyLoss(hidden, get("word"), get("vocabularyBias"), batch.labels, batch.weights);
  return tf.div(loss.sum, loss.weight);
}

function lossPlain(w: Weights, batch: Batch, shape: Shape): tf.Tensor {
  const get = (name: string): tf.Tensor => w[name] as tf.Tensor;
  const { hidden: width, heads, batch: rows, tokens } = shape;
  const norm = (x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor): tf.Tensor => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, EPSILON))), gain), shift);
  };
  const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const split = (x: tf.Tensor): tf.Tensor =>
    tf.transpose(tf.reshape(x, [rows, tokens, heads, width / heads]), [0, 2, 1, 3]);
  let x = tf.gather(get("word"), tf.reshape(batch.ids, [-1]) as tf.Tensor1D);
  x = tf.add(tf.reshape(x, [rows, tokens, width]), tf.add(get("position"), tf.slice(get("type"), [0, 0], [1, width])));
  x = norm(tf.reshape(x, [rows * tokens, width]), get("gain"), get("shift"));
  for (let layer = 0; layer < shape.layers; layer++) {
    const dense = (input: tf.Tensor, name: string): tf.Tensor =>
      tf.add(tf.matMul(input, get(`${layer}.${name}`), false, true), get(`${layer}.${name}Bias`));
    const scores = tf.mul(
      tf.matMul(split(dense(x, "query")), split(dense(x, "key")), false, true),
      1 / Math.sqrt(width / heads),
    );
    const attended = tf.matMul(tf.softmax(tf.add(scores, batch.bias)), split(dense(x, "value")));
    const merged = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * tokens, width]);
    x = norm(tf.add(x, dense(merged, "output")), get(`${layer}.gain1`), get(`${layer}.shift1`));
    x = norm(tf.add(x, dense(gelu(dense(x, "up")), "down")), get(`${layer}.gain2`), get(`${layer}.shift2`));
  }
  const chosen = tf.gather(x, batch.rows);
  const transformed = tf.add(tf.matMul(chosen, get("transform"), false, true), get("transformBias"));
  const hidden = norm(gelu(transformed), get("transformGain"), get("transformShift"));
  const logits = tf.add(tf.matMul(hidden, get("word"), false, true), get("vocabularyBias"));
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), batch.hot), -1)));
}

function step(loss: () => tf.Tensor, weights: Weights): number {
  return tf.tidy(() => {
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, Object.values(weights));
    // Reading one gradient waits for all of them: ops run in order.
    Object.values(grads).at(-1)?.dataSync();
    return value.dataSync()[0] as number;
  });
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** Prints one line a variant: median and spread of the seconds a step, processor seconds, and the loss. */
export async function main([backendName = "native", repeats = "7", ...wanted]: readonly string[]): Promise<void> {
  const backend = await openBackend(backendName);
  console.log(`${backend.name}: ${backend.description}, ${backend.threads} threads`);
  const weights = makeWeights(SHAPE);
  const batch = makeBatch(SHAPE);
  const key = tf.tensor1d([1, 2], "int32");
  const variants: Record<string, () => tf.Tensor> = {
    plain: () => lossPlain(weights, batch, SHAPE),
    ops: () => lossWithOps(weights, batch, SHAPE, 0, key),
    "ops with dropout 0.1": () => lossWithOps(weights, batch, SHAPE, 0.1, key),
  };
  const chosen = Object.entries(variants).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  const seconds: Record<string, number[]> = Object.fromEntries(chosen.map(([name]) => [name, []]));
  const busy: Record<string, number[]> = Object.fromEntries(chosen.map(([name]) => [name, []]));
  const losses: Record<string, number> = {};
  for (let round = 0; round <= Number(repeats); round++)
    for (const [name, loss] of chosen) {
      const start = performance.now();
      const before = process.cpuUsage();
      losses[name] = step(loss, weights);
      const { user, system } = process.cpuUsage(before);
      if (round === 0) continue;
      seconds[name]?.push((performance.now() - start) / 1000);
      busy[name]?.push((user + system) / 1e6);
    }
  for (const [name, times] of Object.entries(seconds))
    console.log(
      `${name.padEnd(22)} ${median(times).toFixed(3)} s (${Math.min(...times).toFixed(3)} to ${Math.max(...times).toFixed(3)}), ${median(busy[name] ?? []).toFixed(3)} s of processor, loss ${losses[name]?.toFixed(5)}`,
    );
}
