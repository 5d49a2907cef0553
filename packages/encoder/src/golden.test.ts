import { silent, streams } from "@kgraft/runtime";
import { type HostArray, inference, openBackend, Parameters, tf, type Weights } from "@kgraft/tensor";
import { isNativeBuilt } from "@kgraft/tensor/native";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  arrayOf,
  divergence,
  type GoldenCase,
  goldenFamilies,
  goldenFolder,
  readGolden,
} from "../../../tests/golden/golden.ts";
import { addParameters, type Checkpoint, type EncoderInput, loadCheckpoint, maskedLanguageModelHead } from "./index.ts";

/** float32 against float64 of the same weights; the smallest mistake seen (another gelu) is 70 times larger. */
const tolerance = 1e-5;

const tensorOf = ({ data, shape }: HostArray, dtype: "int32" | "bool" = "int32"): tf.Tensor =>
  tf.tensor(dtype === "bool" ? Uint8Array.from(data) : data, [...shape], dtype);

function inputOf(golden: GoldenCase): EncoderInput {
  const mask = arrayOf(golden, "attention_mask");
  const [rows, length] = arrayOf(golden, "input_ids").shape as [number, number];
  const optional = (name: string) => (golden.has(name) ? tensorOf(arrayOf(golden, name)) : undefined);
  const square = mask.shape.length === 4;
  return {
    ids: tensorOf(arrayOf(golden, "input_ids")),
    typeIds: optional("token_type_ids"),
    positionIds: optional("position_ids"),
    attentionMask: square ? tf.ones([rows, length], "bool") : tensorOf(mask, "bool"),
    visible: square ? tensorOf({ ...mask, shape: [rows, length, length] }, "bool") : undefined,
  };
}

/** The masked positions of a case: flat rows and labels. */
function maskedOf(golden: GoldenCase): { positions: tf.Tensor; labels: tf.Tensor; counts: tf.Tensor } {
  const labels = Array.from(arrayOf(golden, "labels").data);
  const positions = labels.flatMap((label, position) => (label === -100 ? [] : [position]));
  return {
    positions: tf.tensor1d(positions, "int32"),
    labels: tf.tensor1d(
      positions.map((position) => labels[position] as number),
      "int32",
    ),
    counts: tf.ones([positions.length]),
  };
}

/** Native where this machine has it built; the other two are everywhere. */
const backends = ["wasm", "cpu", ...(isNativeBuilt("cpu") ? ["native"] : [])];

describe.each(backends)("hidden states, losses and gradients of transformers, on %s", (backend) => {
  beforeAll(() => openBackend(backend));

  describe.each(goldenFamilies)("%s", (family) => {
    let model: Checkpoint;
    let weights: Parameters;
    let golden: ReadonlyMap<string, GoldenCase>;

    beforeAll(async () => {
      model = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
      weights = new Parameters();
      const specs = [...model.encoder.parameters, ...maskedLanguageModelHead(model.encoder.config).parameters];
      expect(await addParameters(weights, specs, model.weights, streams(1), silent)).toEqual([]);
      golden = await readGolden(family);
    });
    afterAll(() => weights.dispose());

    it("agrees after every layer, for every mask and way of counting positions", () => {
      expect(golden.size).toBe(family === "roberta" || family === "xlm-roberta" || family === "distilbert" ? 5 : 6);
      for (const [name, expected] of golden) {
        expect(tf.tidy(() => firstDivergence(name, model, weights, expected))).toBeUndefined();
      }
    });

    it("agrees in logits and loss of the masked-LM head", () => {
      const head = maskedLanguageModelHead(model.encoder.config);
      for (const [name, expected] of golden) {
        const problems = tf.tidy(() => {
          const { hidden } = model.encoder.run(weights, inputOf(expected), inference).stream;
          const { positions, labels, counts } = maskedOf(expected);
          const logits = head.logits(weights, hidden, positions);
          const loss = head.loss(weights, hidden, positions, labels, counts);
          expect(loss.weight.dataSync()[0]).toBe(5);
          return [
            divergence(`${name} logits`, logits.dataSync(), arrayOf(expected, "logits"), tolerance),
            divergence(`${name} loss`, loss.sum.dataSync(), arrayOf(expected, "loss"), tolerance),
          ];
        });
        expect(problems).toEqual([undefined, undefined]);
      }
    });

    it("agrees in gradients, tables and shared weights included", () => {
      const expected = golden.get("full") as GoldenCase;
      const names = [...expected.keys()].filter((name) => name.startsWith("gradient.")).map((name) => name.slice(9));
      expect(names.length).toBeGreaterThan(8);
      const gradients = tf.tidy(() => gradientsOf(model, weights, expected, names));
      const problems = names.map((name, i) =>
        divergence(name, gradients[i] as Float32Array, arrayOf(expected, `gradient.${name}`), 2 * tolerance),
      );
      expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    });
  });
});

function firstDivergence(
  name: string,
  { encoder }: Checkpoint,
  weights: Weights,
  expected: GoldenCase,
): string | undefined {
  const { states, stream } = encoder.run(weights, inputOf(expected), inference, { keepStates: true });
  expect(states).toHaveLength(encoder.config.numLayers + 1);
  for (const [layer, state] of states.entries()) {
    const found = divergence(
      `${name}, layer ${layer}`,
      state.dataSync(),
      arrayOf(expected, `state.${layer}`),
      tolerance,
    );
    if (found !== undefined) return found;
  }
  if (!expected.has("pooled")) return undefined;
  const pooled = encoder.pool(weights, stream.hidden);
  return divergence(`${name}, pooled`, pooled.dataSync(), arrayOf(expected, "pooled"), tolerance);
}

function gradientsOf(
  model: Checkpoint,
  weights: Weights,
  golden: GoldenCase,
  names: readonly string[],
): Float32Array[] {
  const head = maskedLanguageModelHead(model.encoder.config);
  const input = inputOf(golden);
  const { positions, labels, counts } = maskedOf(golden);
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const given = new Map(names.map((name, i) => [name, values[i] as tf.Tensor]));
    const reader: Weights = { get: (name) => given.get(name) ?? weights.get(name) };
    const { hidden } = model.encoder.run(reader, input, inference).stream;
    return head.loss(reader, hidden, positions, labels, counts).sum;
  };
  const gradients = tf.grads(loss)(names.map((name) => weights.get(name)));
  return gradients.map((gradient) => Float32Array.from(gradient.dataSync()));
}
