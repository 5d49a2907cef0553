import { type Draw, silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFolder } from "../../../tests/golden/golden.ts";
import {
  addParameters,
  type Checkpoint,
  createEncoder,
  type EncoderConfig,
  type EncoderInput,
  loadCheckpoint,
  maskedLanguageModelHead,
  type Seams,
  type Stream,
} from "./index.ts";

const length = 7;

/** Rows of ids with their real lengths; padding stands at the end. */
function rowsOf(draw: Draw, lengths: readonly number[], padId = 0): number[][] {
  return lengths.map((real) => [
    ...Array.from({ length: real }, () => 5 + draw.integer(94)),
    ...Array.from({ length: length - real }, () => padId),
  ]);
}

function inputOf(rows: readonly (readonly number[])[], lengths: readonly number[]): EncoderInput {
  return {
    ids: tf.tensor2d(rows as number[][], undefined, "int32"),
    attentionMask: tf.tensor2d(
      rows.map((row, i) => row.map((_, position) => position < (lengths[i] as number))),
      undefined,
      "bool",
    ),
  };
}

function rowOf(hidden: tf.Tensor, row: number, real: number): Float32Array {
  const size = hidden.shape[2] as number;
  return Float32Array.from(tf.slice(hidden, [row, 0, 0], [1, real, size]).dataSync());
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

beforeAll(() => openBackend("wasm"));

describe.each(["bert", "roberta", "albert"])("the laws of an encoder: %s", (family) => {
  let model: Checkpoint;
  let weights: Parameters;
  const lengths = [7, 3, 5];
  const rows = () => rowsOf(streams(5).at("rows"), lengths, model.encoder.config.padTokenId);
  const hiddenOf = (input: EncoderInput, seams?: Seams): tf.Tensor =>
    model.encoder.run(weights, input, inference, seams === undefined ? {} : { seams }).stream.hidden;

  beforeAll(async () => {
    model = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
    weights = new Parameters();
    await addParameters(weights, model.encoder.parameters, model.weights, streams(1), silent);
  });
  afterAll(() => weights.dispose());

  it("padding and neighbours change no real row, and rows keep their places", () => {
    tf.tidy(() => {
      const together = hiddenOf(inputOf(rows(), lengths));
      for (const [row, real] of lengths.entries()) {
        const alone = hiddenOf(inputOf([(rows()[row] as number[]).slice(0, real)], [real]));
        expect(largest(rowOf(together, row, real), rowOf(alone, 0, real))).toBeLessThan(1e-5);
      }
      const turned = hiddenOf(inputOf(rows().toReversed(), lengths.toReversed()));
      for (const [row, real] of lengths.entries())
        expect(largest(rowOf(together, row, real), rowOf(turned, 2 - row, real))).toBeLessThan(1e-6);
    });
  });

  it("what a query cannot see, through all layers, does not reach it", () => {
    tf.tidy(() => {
      // Positions 0-3 see each other, 4-6 see everything: 5 is out of reach of the first four, and within reach of the rest.
      const visible = Array.from({ length }, (_, query) => Array.from({ length }, (_, key) => query > 3 || key <= 3));
      const [before] = rowsOf(streams(5).at("rows"), [length]) as [number[]];
      const after = before.with(5, (before[5] as number) === 50 ? 51 : 50);
      const [a, b] = [before, after].map((row) => {
        const input = { ...inputOf([row], [length]), visible: tf.tensor3d([visible], undefined, "bool") };
        return hiddenOf(input);
      }) as [tf.Tensor, tf.Tensor];
      expect(largest(rowOf(a, 0, 4), rowOf(b, 0, 4))).toBeLessThan(1e-6);
      expect(largest(rowOf(a, 0, length), rowOf(b, 0, length))).toBeGreaterThan(1e-2);
    });
  });

  it("a row that sees nothing sees itself, and disturbs nobody", () => {
    tf.tidy(() => {
      const visible = Array.from({ length }, (_, query) => Array.from({ length }, (_, key) => query < 3 && key < 3));
      const [row] = rowsOf(streams(6).at("rows"), [length]) as [number[]];
      const input = { ...inputOf([row], [length]), visible: tf.tensor3d([visible], undefined, "bool") };
      const hidden = hiddenOf(input);
      expect(hidden.dataSync().every(Number.isFinite)).toBe(true);
      const alone = hiddenOf(inputOf([row.slice(0, 3)], [3]));
      expect(largest(rowOf(hidden, 0, 3), rowOf(alone, 0, 3))).toBeLessThan(1e-5);
    });
  });

  it("a run from a stored layer, and layers taken apart by a seam, equal the whole run bit for bit", () => {
    tf.tidy(() => {
      const input = inputOf(rows(), lengths);
      const whole = model.encoder.run(weights, input, inference, { keepStates: true });
      const expected = whole.stream.hidden.dataSync();
      for (let from = 0; from < model.encoder.config.numLayers; from++) {
        const hidden = whole.states[from] as tf.Tensor;
        const rest = model.encoder.run(weights, input, inference, { range: { from }, hidden });
        expect(rest.stream.hidden.dataSync()).toEqual(expected);
        const lower = model.encoder.run(weights, input, inference, { range: { to: from } });
        expect(lower.stream.hidden.dataSync()).toEqual(hidden.dataSync());
      }
      const apart: Seams = {
        layer: (stream, block) => {
          const attended = block.attend(stream);
          return { ...stream, hidden: block.down(block.activate(block.up(attended)), attended) };
        },
      };
      expect(hiddenOf(input, apart).dataSync()).toEqual(expected);
    });
  });
});

describe("seams", () => {
  let model: Checkpoint;
  let weights: Parameters;
  beforeAll(async () => {
    model = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
    weights = new Parameters();
    await addParameters(weights, model.encoder.parameters, model.weights, streams(1), silent);
  });
  afterAll(() => weights.dispose());
  const rows = rowsOf(streams(7).at("rows"), [7, 4]);
  const run = (seams: Seams): tf.Tensor =>
    model.encoder.run(weights, inputOf(rows, [7, 4]), inference, { seams }).stream.hidden;

  it("attention gives other positions and visibility than the input's", () => {
    tf.tidy(() => {
      const positionIds = tf.tensor2d(
        [
          [0, 1, 2, 2, 3, 4, 4],
          [3, 2, 1, 0, 0, 0, 0],
        ],
        undefined,
        "int32",
      );
      const visible = tf.greater(tf.randomUniform([2, 7, 7], 0, 1, "float32", 3), 0.4);
      const input = { ...inputOf(rows, [7, 4]), positionIds, visible };
      const direct = model.encoder.run(weights, input, inference).stream.hidden;
      expect(run({ attention: () => ({ positionIds, visible }) }).dataSync()).toEqual(direct.dataSync());
      expect(largest(direct.dataSync(), run({}).dataSync())).toBeGreaterThan(1e-2);
    });
  });

  it("embed and layer pass on a strategy's own tensors", () => {
    tf.tidy(() => {
      const seen: string[][] = [];
      const hidden = run({
        embed: (stream) => ({ ...stream, side: { entities: tf.ones([2, 7, 3]) } }),
        layer: (stream, block) => {
          seen.push(Object.keys(stream.side));
          return block.index === 0 ? undefined : { ...block.forward(stream), side: {} };
        },
      });
      expect(seen).toEqual([["entities"], ["entities"]]);
      expect(hidden.dataSync()).toEqual(run({}).dataSync());
    });
  });

  it("reads keys and values from a memory, and adds a bias to the scores", () => {
    tf.tidy(() => {
      const input = inputOf(rows, [7, 7]);
      const stream = model.encoder.embed(weights, input, inference);
      const [block] = model.encoder.blocks(weights, inference);
      const attend = (given: Partial<Stream>) => block?.attend({ ...stream, ...given }).dataSync() ?? [];
      const memory = tf.concat([stream.hidden, tf.randomNormal([2, 3, 32], 0, 1, "float32", 1)], 1); // [B, 10, H]
      const first = tf.tensor3d([[Array.from({ length: 10 }, (_, key) => key < 7)]], undefined, "bool");
      const visible = tf.tile(first, [2, 1, 1]);
      expect(largest(attend({ memory, visible }), attend({}))).toBeLessThan(1e-5);
      const bias = tf.reshape(tf.where(tf.greater(tf.range(0, 7), 4), -1e9, 0), [1, 1, 1, 7]);
      const hidden = { visible: tf.tensor3d([[[1, 1, 1, 1, 1, 0, 0]], [[1, 1, 1, 1, 1, 0, 0]]], undefined, "bool") };
      expect(largest(attend({ bias }), attend(hidden))).toBeLessThan(1e-6);
    });
  });

  it("names a range that cannot run", () => {
    const input = inputOf(rows, [7, 4]);
    const at = (range: { from?: number; to?: number }) => () => model.encoder.run(weights, input, inference, { range });
    expect(at({ from: 1 })).toThrow(
      "encoder.run: a run from layer 1 without hidden states. Wanted the hidden states that go into layer 1.",
    );
    expect(at({ to: 3 })).toThrow("encoder.run: layers [0, 3) of an encoder with 2. Wanted 0 <= from <= to <= layers.");
    tf.dispose([input.ids, input.attentionMask]);
  });
});

describe("training", () => {
  const config: EncoderConfig = {
    modelType: "bert",
    vocabularySize: 11,
    hiddenSize: 6,
    embeddingSize: 6,
    numLayers: 2,
    numHeads: 2,
    intermediateSize: 5,
    activation: "gelu",
    maxPositions: 7,
    typeVocabularySize: 2,
    layerNormEpsilon: 1e-12,
    padTokenId: 0,
    hiddenDropout: 0,
    attentionDropout: 0,
    initializerRange: 0.3,
  };

  it("gives every parameter a gradient, equal to finite differences", () => {
    const encoder = createEncoder(config);
    const head = maskedLanguageModelHead(config);
    const specs = [...encoder.parameters, ...head.parameters].filter(({ name }) => !name.includes("pooler"));
    const parameters = Parameters.create(specs, streams(3));
    const draw = streams(3).at("noise");
    for (const { name, shape } of specs) {
      const noise = draw.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), 0.3);
      parameters.assign(
        name,
        noise.map((value, i) => value + (parameters.get(name).dataSync()[i] as number)),
      );
    }
    const input = {
      ids: tf.tensor2d(
        [
          [1, 2, 3, 4, 5, 6, 7],
          [8, 9, 10, 1, 2, 0, 0],
        ],
        undefined,
        "int32",
      ),
      typeIds: tf.tensor2d(
        [
          [0, 0, 0, 1, 1, 1, 1],
          [0, 0, 1, 1, 1, 0, 0],
        ],
        undefined,
        "int32",
      ),
      attentionMask: tf.tensor2d(
        [
          [1, 1, 1, 1, 1, 1, 1],
          [1, 1, 1, 1, 1, 0, 0],
        ],
        undefined,
        "bool",
      ),
    };
    const at = { positions: tf.tensor1d([1, 5, 8, 10], "int32"), labels: tf.tensor1d([3, 9, 4, 1], "int32") };
    const counts = tf.tensor1d([1, 1, 1, 0]);
    const names = specs.map(({ name }) => name);
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const given = new Map(names.map((name, i) => [name, values[i] as tf.Tensor]));
      const weights = { get: (name: string) => given.get(name) as tf.Tensor };
      const { hidden } = encoder.run(weights, input, inference).stream;
      return head.loss(weights, hidden, at.positions, at.labels, counts).sum;
    };
    const values = names.map((name) => parameters.get(name));
    const gradients = tf.grads(loss)(values);
    for (const [i, name] of names.entries()) {
      const gradient = gradients[i]?.dataSync() as Float32Array;
      const size = Math.hypot(...gradient);
      // The softmax does not see what is added to all scores of a query: a key's bias has no gradient in exact arithmetic.
      if (name.endsWith("key.bias")) expect(size).toBeLessThan(1e-5);
      else expect(size, name).toBeGreaterThan(1e-3);
      const step = slope(loss, values, i, gradient);
      if (!name.endsWith("key.bias")) expect(Math.abs(step - size) / size, name).toBeLessThan(1e-2);
    }
    parameters.dispose();
  });

  /** The loss's central difference along a gradient's own direction: its length, where the gradient is right. */
  function slope(
    loss: (...v: tf.Tensor[]) => tf.Scalar,
    values: tf.Tensor[],
    i: number,
    gradient: Float32Array,
  ): number {
    const size = Math.hypot(...gradient);
    const width = 1e-2;
    const [up, down] = [width, -width].map((step) =>
      tf.tidy(() => {
        const value = values[i] as tf.Tensor;
        const moved = Float32Array.from(value.dataSync(), (x, j) => x + (step * (gradient[j] as number)) / size);
        return loss(...values.with(i, tf.tensor(moved, value.shape))).dataSync()[0] as number;
      }),
    ) as [number, number];
    return (up - down) / (2 * width);
  }

  it("drops out under a key, the same twice, and nothing at inference", () => {
    const dropped = { ...config, hiddenDropout: 0.3, attentionDropout: 0.3 };
    const encoder = createEncoder(dropped);
    const parameters = Parameters.create(encoder.parameters, streams(4));
    tf.tidy(() => {
      const input = {
        ids: tf.tensor2d([[1, 2, 3, 4]], undefined, "int32"),
        attentionMask: tf.ones([1, 4], "bool") as tf.Tensor,
      };
      const run = (key?: readonly number[]) => {
        const context = key === undefined ? inference : { training: true, key: tf.tensor1d([...key], "int32") };
        return encoder.run(parameters, input, context).stream.hidden.dataSync();
      };
      expect(run([1, 2])).toEqual(run([1, 2]));
      expect(largest(run([1, 2]), run([1, 3]))).toBeGreaterThan(1e-2);
      expect(largest(run([1, 2]), run())).toBeGreaterThan(1e-2);
      const plain = createEncoder(config).run(parameters, input, inference).stream.hidden.dataSync();
      expect(run()).toEqual(plain);
    });
    parameters.dispose();
  });
});
