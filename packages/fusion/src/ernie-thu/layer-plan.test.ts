import { describe, expect, it } from "vitest";
import { planLayers } from "./layer-plan.ts";
import { headParameters, layerParameters } from "./parameters.ts";

describe("planLayers", () => {
  it("is the released base model's by default: 5 sim, 1 mix, 6 norm", () => {
    expect(planLayers({}, 12)).toEqual([...Array(5).fill("sim"), "mix", ...Array(6).fill("norm")]);
    expect(planLayers({}, 6)).toEqual(["sim", "sim", "sim", "mix", "norm", "norm"]);
  });

  it("mixes in the lowest fused layer, in whatever order they are named", () => {
    expect(planLayers({ fusedLayers: [3, 1] }, 4)).toEqual(["sim", "mix", "sim", "norm"]);
    expect(planLayers({ fusedLayers: [] }, 2)).toEqual(["sim", "sim"]);
  });

  it("takes the official layer_types, a missing tail is sim", () => {
    expect(planLayers({ layerTypes: ["sim", "norm"] }, 4)).toEqual(["sim", "norm", "sim", "sim"]);
  });

  it("refuses layers the encoder does not have", () => {
    expect(() => planLayers({ fusedLayers: [5, 6] }, 6)).toThrow(
      "config.strategies.ernie-thu.fusedLayers: layer 6, but the encoder has 6 layers. Layers are counted from 0 to 5.",
    );
    expect(() => planLayers({ layerTypes: ["sim", "mix", "norm"] }, 2)).toThrow(
      "config.strategies.ernie-thu.layerTypes: 3 entries, but the encoder has 2 layers.",
    );
  });
});

describe("parameters", () => {
  const base = { hidden: 768, intermediate: 3072, entity: 100, deviation: 0.02 };
  const count = (specs: readonly { readonly shape: readonly number[] }[]) =>
    specs.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);

  // Counts and names of the released checkpoint, base size.
  it("are as many as the released model's", () => {
    expect(count(layerParameters(["mix"], base).specs)).toBe(617_772);
    expect(count(layerParameters(["norm"], base).specs)).toBe(658_372);
    expect(count(headParameters(base).specs)).toBe(77_100);
    const all = count(layerParameters(planLayers({}, 12), base).specs) + count(headParameters(base).specs);
    expect(all).toBe(4_645_104);
  });

  it("know the released checkpoint's names", () => {
    const { officialNames, specs } = layerParameters(["sim", "mix", "norm"], base);
    expect(officialNames).toMatchObject({
      "fusion/ernie-thu/layer.1/up/kernel": "bert.encoder.layer.1.intermediate.dense_ent.weight",
      "fusion/ernie-thu/layer.1/down/bias": "bert.encoder.layer.1.output.dense_ent.bias",
      "fusion/ernie-thu/layer.2/norm/gain": "bert.encoder.layer.2.output.LayerNorm_ent.weight",
      "fusion/ernie-thu/layer.2/attention/query/kernel": "bert.encoder.layer.2.attention.self_ent.query.weight",
      "fusion/ernie-thu/layer.2/attention/output/bias": "bert.encoder.layer.2.attention.output_ent.dense.bias",
      "fusion/ernie-thu/layer.2/attention/norm/bias": "bert.encoder.layer.2.attention.output_ent.LayerNorm.bias",
    });
    expect(Object.keys(officialNames)).toEqual(specs.map(({ name }) => name));
    expect(headParameters(base).officialNames).toEqual({
      "fusion/ernie-thu/alignment/transform/kernel": "cls.predictions_ent.transform.dense.weight",
      "fusion/ernie-thu/alignment/transform/bias": "cls.predictions_ent.transform.dense.bias",
      "fusion/ernie-thu/alignment/norm/gain": "cls.predictions_ent.transform.LayerNorm.weight",
      "fusion/ernie-thu/alignment/norm/bias": "cls.predictions_ent.transform.LayerNorm.bias",
    });
  });
});
