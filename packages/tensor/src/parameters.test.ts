import { streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { openBackend, type ParameterSpec, Parameters, tf } from "./index.ts";

const specs: readonly ParameterSpec[] = [
  { name: "layer.0.query.weight", shape: [3, 4], init: { kind: "normal", deviation: 0.5 }, role: "weight" },
  { name: "layer.0.query.bias", shape: [3], init: { kind: "zeros" }, role: "bias" },
  { name: "layer.0.norm.weight", shape: [3], init: { kind: "ones" }, role: "normalization" },
  { name: "relation", shape: [200, 5], init: { kind: "uniform", limit: 0.1 }, role: "embedding" },
];

beforeAll(() => openBackend("cpu"));

describe("Parameters", () => {
  it("draws each parameter from its own stream", async () => {
    const all = Parameters.create(specs, streams(7));
    const alone = Parameters.create(specs.slice(3), streams(7));
    const values = await all.snapshot();
    expect(values.get("relation")).toEqual((await alone.snapshot()).get("relation"));
    const drawn = streams(7).at("initialisation/layer.0.query.weight").fillNormal(new Float32Array(12), 0.5);
    expect(values.get("layer.0.query.weight")).toEqual(drawn);
    expect(values.get("layer.0.query.bias")).toEqual(new Float32Array(3));
    expect(values.get("layer.0.norm.weight")).toEqual(Float32Array.of(1, 1, 1));
    const relation = values.get("relation") ?? new Float32Array();
    expect(Math.max(...relation)).toBeGreaterThan(0.099);
    expect(Math.max(...relation)).toBeLessThanOrEqual(Math.fround(0.1));
    expect(Math.min(...relation)).toBeLessThan(-0.099);
    all.dispose();
    alone.dispose();
  });

  it("starts a matrix at the identity, wide or tall", async () => {
    const identity = (shape: readonly number[]): ParameterSpec => ({
      name: shape.join("x"),
      shape,
      init: { kind: "identity" },
      role: "weight",
    });
    const parameters = Parameters.create([identity([2, 3]), identity([3, 2])], streams(1));
    const values = await parameters.snapshot();
    expect(values.get("2x3")).toEqual(Float32Array.of(1, 0, 0, 0, 1, 0));
    expect(values.get("3x2")).toEqual(Float32Array.of(1, 0, 0, 1, 0, 0));
    parameters.dispose();
  });

  it("adds, assigns, counts, and gives everything back", async () => {
    const before = tf.memory().numBytes;
    const parameters = Parameters.create(specs.slice(0, 2), streams(1));
    parameters.add(specs.slice(2), streams(1));
    expect(parameters.names()).toEqual(specs.map(({ name }) => name));
    expect(parameters.count()).toBe(12 + 3 + 3 + 1000);
    expect(parameters.count(({ role }) => role === "bias")).toBe(3);
    const bias = Float32Array.of(1, 2, 3);
    parameters.assign("layer.0.query.bias", bias);
    bias.fill(9);
    parameters.assign("layer.0.norm.weight", { dtype: "float32", shape: [3], data: Float32Array.of(4, 5, 6) });
    const values = await parameters.snapshot();
    expect(values.get("layer.0.query.bias")).toEqual(Float32Array.of(1, 2, 3));
    expect(values.get("layer.0.norm.weight")).toEqual(Float32Array.of(4, 5, 6));
    parameters.dispose();
    expect(tf.memory().numBytes).toBe(before);
  });

  it("names what is wrong", () => {
    const parameters = Parameters.create(specs, streams(1));
    expect(() => parameters.get("layer.0.query.wieght")).toThrow(
      'tensor.parameters: no parameter "layer.0.query.wieght". Nearest: layer.0.query.weight, layer.0.query.bias, layer.0.norm.weight.',
    );
    expect(() => parameters.get("zzz")).toThrow("4 are declared: layer.0.query.weight, ");
    expect(() => parameters.assign("relation", new Float32Array(7))).toThrow(
      "relation: has shape [7]. Wanted [200, 5].",
    );
    expect(() =>
      parameters.assign("layer.0.query.weight", { dtype: "float32", shape: [4, 3], data: new Float32Array(12) }),
    ).toThrow("layer.0.query.weight: has shape [4, 3]. Wanted [3, 4].");
    expect(() =>
      parameters.assign("relation", { dtype: "int32", shape: [200, 5], data: new Int32Array(1000) }),
    ).toThrow("relation: holds int32 values. Wanted float32.");
    expect(() => parameters.add(specs.slice(1, 2), streams(1))).toThrow('"layer.0.query.bias" is declared twice');
    parameters.dispose();
  });
});
