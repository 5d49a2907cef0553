import { describe, expect, it } from "vitest";
import type { ParameterSpec } from "../contract.ts";
import { planParameters } from "./groups.ts";
import { namePattern } from "./pattern.ts";

const spec = (name: string, role: ParameterSpec["role"] = "weight"): ParameterSpec => ({
  name,
  shape: [1],
  init: { kind: "zeros" },
  role,
});

describe("planParameters", () => {
  it("slows lower layers and embeddings down", () => {
    const names = [
      "bert.embeddings.word_embeddings.weight",
      "bert.encoder.layer.0.output.dense.weight",
      "bert.encoder.layer.1.output.dense.weight",
      "distilbert.transformer.layer.2.ffn.lin1.weight",
      "fusion/ernie-thu/layer.5/entity/kernel",
      "classifier.weight",
    ];
    const specs = names.map((name) => spec(name));
    const rates = planParameters(specs, { rate: 1, decay: 0 }, [{ match: "fusion/*", rate: 20 }], { factor: 0.5 }).map(
      ({ rate }) => rate,
    );
    expect(rates).toEqual([1 / 8, 1 / 4, 1 / 2, 1, 20, 1]);
  });

  it("gives biases and normalization no decay", () => {
    const specs = [spec("w"), spec("e", "embedding"), spec("b", "bias"), spec("n", "normalization")];
    expect(planParameters(specs, { rate: 1, decay: 0.1 }).map(({ decay }) => decay)).toEqual([0.1, 0.1, 0, 0]);
    const groups = [{ match: "*", decay: 0.3 }];
    expect(planParameters(specs, { rate: 1, decay: 0.1 }, groups).map(({ decay }) => decay)).toEqual([0.3, 0.3, 0, 0]);
  });
});

describe("namePattern", () => {
  it.each([
    ["fusion/*", "fusion/a/layer.5/kernel", true],
    ["fusion/*", "bert.fusion/a", false],
    ["**.bias", "bert.encoder.layer.0.bias", true],
    ["layer.?.bias", "layer.1.bias", true],
    ["layer.?.bias", "layer.10.bias", false],
    ["a.b", "axb", false],
    ["a(b)+[c]", "a(b)+[c]", true],
    ["/layer\\.[01]\\./", "bert.encoder.layer.1.bias", true],
    ["/layer\\.[01]\\./", "bert.encoder.layer.2.bias", false],
  ])("%s on %s: %s", (pattern, name, matches) => {
    expect(namePattern(pattern, "groups[0].match")(name)).toBe(matches);
  });
});
