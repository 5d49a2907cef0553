import { streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { type Activation, createEncoder, readEncoderConfig } from "./index.ts";

beforeAll(() => openBackend("cpu"));

const sizes = {
  vocab_size: 9,
  hidden_size: 4,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  max_position_embeddings: 5,
};

/** Written from the papers' formulas; erf by its series. */
const formulas: Readonly<Record<Activation, (x: number) => number>> = {
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  "gelu-tanh": (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(x, 0),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

function erf(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 0; n < 60; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe("createEncoder", () => {
  it.each(Object.entries(formulas))("applies %s between the halves of the feed-forward part", (activation, formula) => {
    const base = readEncoderConfig({ ...sizes, model_type: "bert" }, "c");
    const encoder = createEncoder({ ...base, activation: activation as Activation });
    const [block] = encoder.blocks({ get: () => tf.zeros([1]) }, inference);
    const inputs = [-3, -1.5, -0.2, 0, 0.7, 1, 2.9];
    const found = block?.activate(tf.tensor1d(inputs)).dataSync() ?? [];
    for (const [i, x] of inputs.entries()) expect(found[i]).toBeCloseTo(formula(x), 5);
  });

  it("declares tables, layers and pooler under the family's names, and what decays", () => {
    const { parameters } = createEncoder(
      readEncoderConfig({ ...sizes, model_type: "bert", intermediate_size: 3 }, "c"),
    );
    expect(parameters.slice(0, 7).map(({ name, shape, role }) => [name, shape, role])).toEqual([
      ["bert.embeddings.word_embeddings.weight", [9, 4], "embedding"],
      ["bert.embeddings.position_embeddings.weight", [5, 4], "embedding"],
      ["bert.embeddings.token_type_embeddings.weight", [2, 4], "embedding"],
      ["bert.embeddings.LayerNorm.weight", [4], "normalization"],
      ["bert.embeddings.LayerNorm.bias", [4], "normalization"],
      ["bert.encoder.layer.0.attention.self.query.weight", [4, 4], "weight"],
      ["bert.encoder.layer.0.attention.self.query.bias", [4], "bias"],
    ]);
    expect(parameters.find(({ name }) => name.endsWith("intermediate.dense.weight"))?.shape).toEqual([3, 4]);
    expect(parameters.at(-1)?.name).toBe("bert.pooler.dense.bias");
  });

  it("names a row that is too long, a pooler that is not there, a family that is unknown", () => {
    const encoder = createEncoder(readEncoderConfig({ ...sizes, model_type: "electra" }, "c"));
    const weights = Parameters.create(encoder.parameters, streams(1));
    const ids = tf.ones([1, 6], "int32");
    expect(() => encoder.run(weights, { ids, attentionMask: tf.cast(ids, "bool") }, inference)).toThrow(
      "encoder.embed: 6 pieces in a row, but the position table has 5 rows. Cut texts to the model's limit where batches are made.",
    );
    expect(() => encoder.pool(weights, tf.zeros([1, 2, 4]))).toThrow(
      'encoder.pool: the family "electra" has no pooler. Wanted a family whose models pool position 0. Use a head that reads position 0 itself.',
    );
    expect(() => createEncoder({ ...encoder.config, modelType: "gpt2" })).toThrow(
      'encoder.family: model_type is "gpt2". Wanted one of bert, roberta, xlm-roberta, distilbert, albert, electra, uer-bert.',
    );
    weights.dispose();
  });
});
