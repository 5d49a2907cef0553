import { type Progress, silent, streams } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";
import { attention, gelu, layerNorm, linear } from "./ops/index.ts";

/** How fast a backend is here. */
export interface BackendSpeed {
  /** 10^9 floating-point operations a second in a product of two square float32 matrices. */
  readonly matmulGflops: number;
  /** Seconds of one training step (forward and backward) of the model below. */
  readonly trainingStepSeconds: number;
}

/** A Transformer of 2 layers, H 128, 4 heads, inner 512, on 8 sentences of 64 tokens. */
const MODEL = { layers: 2, width: 128, heads: 4, inner: 512, sentences: 8, tokens: 64 };

const ROUNDS = 5;

/** Measures the backend in use: the median of five rounds after one to warm up. */
export async function measureSpeed(label: string, progress: Progress = silent): Promise<BackendSpeed> {
  const bar = progress.bar(`Measuring ${label}`, 2);
  try {
    const matmulGflops = await matmulSpeed();
    bar.update(1);
    return { matmulGflops, trainingStepSeconds: await trainingStepSpeed() };
  } finally {
    bar.end();
  }
}

async function matmulSpeed(): Promise<number> {
  const size = tf.getBackend() === "wasm" ? 384 : 1024;
  const [a, b] = [fill("a", [size, size]), fill("b", [size, size])];
  const seconds = await median(() => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D));
  tf.dispose([a, b]);
  return (2 * size ** 3) / seconds / 1e9;
}

async function trainingStepSpeed(): Promise<number> {
  const { width, inner, layers, sentences, tokens } = MODEL;
  const matrices = [...new Array(4).fill([width, width]), [inner, width], [width, inner]] as number[][];
  const weights = Array.from({ length: layers }, (_, layer) =>
    matrices.map((shape, i) => fill(`${layer}.${i}`, shape, 1 / Math.sqrt(width))),
  );
  const flat = weights.flat();
  const x = fill("x", [sentences, tokens, width]);
  const [ones, zeros] = [tf.ones([width]), tf.zeros([width])];
  const loss = (): tf.Tensor => tf.mean(weights.reduce((hidden, layer) => block(hidden, layer, ones, zeros), x));
  const seconds = await median(() => {
    const { grads } = tf.valueAndGrads(loss)(flat);
    return tf.addN(grads.map((gradient) => tf.sum(gradient)));
  });
  tf.dispose([...flat, x, ones, zeros]);
  return seconds;
}

function block(x: tf.Tensor, weights: readonly tf.Tensor[], ones: tf.Tensor, zeros: tf.Tensor): tf.Tensor {
  const [query, key, value, output, up, down] = weights as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const attended = attention(linear(x, query), linear(x, key), linear(x, value), { heads: MODEL.heads });
  const middle = layerNorm(tf.add(linear(attended, output), x), ones, zeros, 1e-12);
  return layerNorm(tf.add(linear(gelu(linear(middle, up)), down), middle), ones, zeros, 1e-12);
}

function fill(name: string, shape: number[], deviation = 1): tf.Tensor {
  const values = streams(0)
    .at(name)
    .fillNormal(new Float32Array(tf.util.sizeFromShape(shape)), deviation);
  return tf.tensor(values, shape);
}

/** Seconds until the values are there. */
async function median(compute: () => tf.Tensor): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    const result = tf.tidy(compute);
    await result.data();
    result.dispose();
    if (round > 0) times.push((performance.now() - start) / 1000);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}
