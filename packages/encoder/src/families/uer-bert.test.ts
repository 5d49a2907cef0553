import { silent, streams } from "@kgraft/runtime";
import { type HostArray, inference, openBackend, Parameters, tf, type Weights } from "@kgraft/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { arrayOf, divergence, goldenFolder, readArrays } from "../../../../tests/golden/golden.ts";
import { addParameters, createEncoder, loadCheckpoint, type TransformerEncoder } from "../index.ts";

/** The weights of the golden BERT, computed as UER does. */
let encoder: TransformerEncoder;
let weights: Parameters;
let golden: ReadonlyMap<string, HostArray>;

beforeAll(async () => {
  await openBackend("wasm");
  const bert = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
  encoder = createEncoder({ ...bert.encoder.config, modelType: "uer-bert", layerNormEpsilon: 1e-6 });
  weights = new Parameters();
  expect(await addParameters(weights, encoder.parameters, bert.weights, streams(1), silent)).toEqual([]);
  golden = await readArrays(`${goldenFolder("uer-bert")}/expected.safetensors`);
});
afterAll(() => weights.dispose());

function states(reader: Weights): readonly tf.Tensor[] {
  const array = (name: string) => arrayOf(golden, name);
  const int32 = (name: string) => tf.tensor(array(name).data, [2, 9], "int32");
  const input = {
    ids: int32("input_ids"),
    typeIds: int32("token_type_ids"),
    positionIds: int32("position_ids"),
    attentionMask: tf.ones([2, 9], "bool"),
    visible: tf.tensor(Uint8Array.from(array("visible").data), [2, 9, 9], "bool"),
  };
  return encoder.run(reader, input, inference, { keepStates: true }).states;
}

it("agrees with UER's equations after every layer, under soft positions and a visible matrix", () => {
  const found = tf.tidy(() => states(weights).map((state) => state.dataSync()));
  const problems = found.map((state, i) => divergence(`layer ${i}`, state, arrayOf(golden, `state.${i}`), 1e-5));
  expect(problems).toEqual([undefined, undefined, undefined]);
});

it("agrees in gradients", () => {
  const names = [...golden.keys()].filter((name) => name.startsWith("gradient.")).map((name) => name.slice(9));
  expect(names).toHaveLength(3);
  const gradients = tf.tidy(() => {
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const given = new Map(names.map((name, i) => [name, values[i] as tf.Tensor]));
      const last = states({ get: (name) => given.get(name) ?? weights.get(name) }).at(-1) as tf.Tensor;
      return tf.sum(tf.square(last));
    };
    return tf
      .grads(loss)(names.map((name) => weights.get(name)))
      .map((gradient) => gradient.dataSync());
  });
  const problems = names.map((name, i) =>
    divergence(name, gradients[i] as Float32Array, arrayOf(golden, `gradient.${name}`), 2e-5),
  );
  expect(problems).toEqual([undefined, undefined, undefined]);
});
