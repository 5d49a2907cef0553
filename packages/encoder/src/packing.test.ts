import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf, type Weights } from "@kgraft/tensor";
import { packedArrays, packSequences } from "@kgraft/text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFamilies, goldenFolder } from "../../../tests/golden/golden.ts";
import { addParameters, type Checkpoint, firstPosition, loadCheckpoint, segmentVisibility } from "./index.ts";

const lengths = [9, 2, 7, 5, 4, 1];
const rowLength = 12;

beforeAll(() => openBackend("wasm"));

describe.each(goldenFamilies)("a packed row equals its sequences run apart: %s", (family) => {
  let model: Checkpoint;
  let weights: Parameters;

  beforeAll(async () => {
    model = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
    weights = new Parameters();
    await addParameters(weights, model.encoder.parameters, model.weights, streams(1), silent);
  });
  afterAll(() => weights.dispose());

  const draw = streams(5).at("packed");
  const encodings = lengths.map((length) => ({
    ids: Int32Array.from({ length }, () => 5 + draw.integer(94)),
    typeIds: new Int32Array(length),
  }));
  const rows = packSequences(lengths, { rowLength });

  /** Hidden states of every sequence, by index: packed into rows. */
  function packed(reader: Weights): tf.Tensor[] {
    const { config } = model.encoder;
    const layout = { rowLength, padId: config.padTokenId, firstPosition: firstPosition(config) };
    const arrays = packedArrays(rows, encodings, layout);
    const tensor = (values: Int32Array) => tf.tensor(values, [rows.length, rowLength], "int32");
    const segments = tensor(arrays.segments);
    const input = {
      ids: tensor(arrays.ids),
      typeIds: config.typeVocabularySize > 0 ? tensor(arrays.typeIds) : undefined,
      positionIds: tensor(arrays.positionIds),
      attentionMask: tf.greater(segments, tf.scalar(0, "int32")),
      visible: segmentVisibility(segments),
    };
    const { hidden } = model.encoder.run(reader, input, inference).stream;
    const states: tf.Tensor[] = [];
    for (const [row, sequences] of rows.entries())
      for (const { index, start, length } of sequences)
        states[index] = tf.slice(hidden, [row, start, 0], [1, length, config.hiddenSize]);
    return states;
  }

  /** The same, one sequence a run. */
  function apart(reader: Weights): tf.Tensor[] {
    return encodings.map(({ ids }) => {
      const row = tf.tensor(ids, [1, ids.length], "int32");
      const input = { ids: row, attentionMask: tf.ones([1, ids.length], "bool") };
      return model.encoder.run(reader, input, inference).stream.hidden;
    });
  }

  it("in hidden states", () => {
    expect(rows.some((row) => row.length > 1)).toBe(true);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(lengths.length);
    const [together, alone] = tf.tidy(() =>
      [packed(weights), apart(weights)].map((all) => all.map((x) => x.dataSync())),
    );
    for (const [index, states] of (alone as Float32Array[]).entries())
      expect(largest((together as Float32Array[])[index] as Float32Array, states)).toBeLessThan(1e-5);
  });

  it("in gradients, tables included", () => {
    const names = model.encoder.parameters
      .map(({ name }) => name)
      .filter((name) => /query|q_lin|word_embeddings|position_embeddings/.test(name));
    expect(names.length).toBeGreaterThan(3);
    const gradientsOf = (statesOf: (reader: Weights) => tf.Tensor[]) =>
      tf.tidy(() => {
        const loss = (...values: tf.Tensor[]): tf.Scalar => {
          const given = new Map(names.map((name, i) => [name, values[i] as tf.Tensor]));
          const states = statesOf({ get: (name) => given.get(name) ?? weights.get(name) });
          return tf.addN(states.map((state) => tf.sum(tf.mul(state, tf.square(state))))) as tf.Scalar;
        };
        return tf
          .grads(loss)(names.map((name) => weights.get(name)))
          .map((gradient) => gradient.dataSync());
      });
    const [together, alone] = [gradientsOf(packed), gradientsOf(apart)];
    for (const [i, gradient] of alone.entries()) {
      const size = Math.max(...gradient.map(Math.abs));
      expect(size).toBeGreaterThan(0);
      expect(largest(together[i] as Float32Array, gradient as Float32Array) / (1 + size)).toBeLessThan(1e-5);
    }
  });
});

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
