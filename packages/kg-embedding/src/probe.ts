import { InputError, type Streams } from "@kgraft/runtime";
import { tf } from "@kgraft/tensor";
import type { EntityVectors } from "./entity-vectors.ts";

/** Share of the entities that the probe is tested on. */
const TEST_SHARE = 0.2;
/** Steps of full-batch Adam with a rate that falls to 0 in a line. */
const STEPS = 200;
const RATE = 0.1;
/** Weight of the squared norm of the weights. */
const DECAY = 1e-5;

export interface ProbeOptions {
  readonly streams: Streams;
  /** Entities used at most, drawn with the seed. Default 25,000. */
  readonly maxEntities?: number;
}

export interface ProbeResult {
  /** Share of the test entities whose type is told rightly. */
  readonly accuracy: number;
  /** The same for always telling the type that is most frequent in training. */
  readonly majority: number;
  /** Distinct types. */
  readonly types: number;
  /** Entities used, training and test together. */
  readonly entities: number;
}

/**
 * Tells what vectors know of their entities' types: a multinomial logistic regression on standardised vectors, trained on
 * 80 % of the entities and tested on the rest.
 *
 * @param types entity id to its type; entities that lack a vector are left out
 * @throws InputError `kg-embedding.probe` where fewer than two types, or too few entities, have vectors
 */
export function probeTypes(
  vectors: EntityVectors,
  types: ReadonlyMap<string, string>,
  { streams, maxEntities = 25_000 }: ProbeOptions,
): ProbeResult {
  const typed = vectors.ids.flatMap((id, row) => {
    const type = types.get(id);
    return type === undefined ? [] : [{ row, type }];
  });
  const names = [...new Set(typed.map(({ type }) => type))].sort();
  if (names.length < 2 || typed.length < 10) throw tooLittle(typed.length, names);
  const number = new Map(names.map((name, i) => [name, i]));
  const order = streams.at("kg-embedding/probe").permutation(typed.length).subarray(0, maxEntities);
  const chosen = Array.from(order, (i) => typed[i] as (typeof typed)[number]);
  const labels = Int32Array.from(chosen, ({ type }) => number.get(type) as number);
  const rows = chosen.map(({ row }) => row);
  const train = rows.length - Math.round(rows.length * TEST_SHARE);
  const features = standardised(vectors, rows, train);
  const told = classify(features, labels, train, names.length);
  const frequent = mostFrequent(labels.subarray(0, train), names.length);
  const test = labels.subarray(train);
  const share = (isRight: (label: number, i: number) => boolean) => test.filter(isRight).length / test.length;
  return {
    accuracy: share((label, i) => told[i] === label),
    majority: share((label) => label === frequent),
    types: names.length,
    entities: rows.length,
  };
}

/** Rows of the chosen entities, each coordinate with mean 0 and deviation 1 over the training part, and a 1 at the end. */
function standardised({ values, dimension }: EntityVectors, rows: readonly number[], train: number): Float32Array {
  const width = dimension + 1;
  const features = new Float32Array(rows.length * width).fill(1);
  for (const [i, row] of rows.entries())
    features.set(values.subarray(row * dimension, (row + 1) * dimension), i * width);
  for (let column = 0; column < dimension; column++) {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < train; i++) sum += features[i * width + column] as number;
    const mean = sum / train;
    for (let i = 0; i < train; i++) squares += ((features[i * width + column] as number) - mean) ** 2;
    const deviation = Math.sqrt(squares / train) || 1;
    for (let i = column; i < features.length; i += width) features[i] = ((features[i] as number) - mean) / deviation;
  }
  return features;
}

/** Trains on the first `train` rows, [E+1] with a 1 for the bias; returns the class told for each of the others. */
function classify(features: Float32Array, labels: Int32Array, train: number, classes: number): Int32Array {
  const width = features.length / labels.length;
  const all = tf.tensor2d(features, [labels.length, width]);
  const inputs = tf.slice(all, [0, 0], [train, width]); // [n, E+1]
  const targets = tf.tidy(() =>
    tf.cast(tf.oneHot(tf.tensor1d(labels.subarray(0, train), "int32"), classes), "float32"),
  ); // [n, C]
  const weights = fit(inputs, targets, classes); // [E+1, C]
  const told = tf.tidy(() => tf.argMax(tf.matMul(tf.slice(all, [train, 0], [-1, width]), weights), 1));
  const classesTold = told.dataSync<"int32">();
  tf.dispose([all, inputs, targets, weights, told]);
  return classesTold;
}

/** Fits softmax(inputs · weights) to one-hot targets by full-batch Adam, whose moments live on the host. */
function fit(inputs: tf.Tensor2D, targets: tf.Tensor, classes: number): tf.Tensor2D {
  const [count, width] = inputs.shape;
  const weights = new Float32Array(width * classes);
  const first = new Float32Array(weights.length);
  const second = new Float32Array(weights.length);
  for (let step = 1; step <= STEPS; step++) {
    const gradient = tf.tidy(() => {
      const error = tf.sub(tf.softmax(tf.matMul(inputs, matrix(weights, width))), targets); // [n, C]
      return tf.div(tf.matMul(inputs, error, true, false), count); // [E+1, C]
    });
    const slopes = gradient.dataSync<"float32">();
    gradient.dispose();
    const rate = (RATE * (1 - step / STEPS) * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
    for (let i = 0; i < weights.length; i++) {
      const slope = (slopes[i] as number) + DECAY * (weights[i] as number);
      first[i] = 0.9 * (first[i] as number) + 0.1 * slope;
      second[i] = 0.999 * (second[i] as number) + 0.001 * slope * slope;
      weights[i] = (weights[i] as number) - (rate * (first[i] as number)) / (Math.sqrt(second[i] as number) + 1e-8);
    }
  }
  return matrix(weights, width);
}

/** A copy of host weights on the device, [E+1, C]: the host's go on changing. */
function matrix(weights: Float32Array, width: number): tf.Tensor2D {
  return tf.tensor2d(weights.slice(), [width, weights.length / width]);
}

function mostFrequent(labels: Int32Array, classes: number): number {
  const counts = new Int32Array(classes);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  return counts.indexOf(Math.max(...counts));
}

function tooLittle(entities: number, types: readonly string[]): InputError {
  return new InputError({
    code: "kg-embedding.probe",
    at: "kg-embedding.probeTypes",
    problem: `${entities} entities with a vector and a type, distinct types: ${types.join(", ") || "none"}`,
    wanted: "Wanted at least 10 entities of at least 2 types",
    fix: "Check that the graph gives its entities types and that their ids are the vectors' ids",
  });
}
