import { collect, streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import type { FusionDefinition } from "./contract.ts";
import { checkControl, controls } from "./controls.ts";
import { ernieThu } from "./ernie-thu/index.ts";
import { kAdapter } from "./k-adapter/index.ts";
import { kBert } from "./k-bert/index.ts";
import { none } from "./none.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";

let world: SmallWorld;
beforeAll(async () => {
  world = await smallWorld();
});

const definitions = [none, ernieThu] as unknown as readonly [FusionDefinition, FusionDefinition];
const rows = (values: Float32Array, dimension: number) =>
  Array.from({ length: values.length / dimension }, (_, i) => [...values.subarray(i * dimension, (i + 1) * dimension)]);
const meanLength = (all: readonly (readonly number[])[]) =>
  all.reduce((sum, row) => sum + Math.hypot(...row), 0) / all.length;

describe("controls", () => {
  it("random gives every entity another vector, of the same mean length, the same for a seed", () => {
    const { vectors } = world;
    const made = controls.random?.vectors?.(vectors, streams(1));
    if (made === undefined) throw new Error("no vectors");
    expect(made.ids).toEqual(vectors.ids);
    const [own, random] = [vectors, made].map(({ values, dimension }) => rows(values, dimension));
    for (const [i, row] of (random ?? []).entries()) expect(row).not.toEqual(own?.[i]);
    expect(meanLength(random ?? [])).toBeCloseTo(meanLength(own ?? []), 4);
    expect(controls.random?.vectors?.(vectors, streams(1)).values).toEqual(made.values);
    expect(controls.random?.vectors?.(vectors, streams(2)).values).not.toEqual(made.values);
  });

  it("shuffled deals the same vectors out anew", () => {
    const { vectors } = world;
    const made = controls.shuffled?.vectors?.(vectors, streams(1));
    if (made === undefined) throw new Error("no vectors");
    const [own, shuffled] = [vectors, made].map(({ values, dimension }) => rows(values, dimension));
    expect(shuffled).not.toEqual(own);
    expect(shuffled?.map(String).sort()).toEqual(own?.map(String).sort());
  });

  it("rewired deals the tails of triples out anew, the same for a seed", async () => {
    const { graph } = world;
    const triplesOf = async (seed: number) => {
      const made = await controls.rewired?.graph?.(graph, streams(seed));
      return made && collect(made.triples());
    };
    expect(await triplesOf(1)).toEqual(await triplesOf(1));
    expect(await triplesOf(1)).not.toEqual(await collect(graph.triples()));
  });

  it("empty takes the links and nothing else", () => {
    const [example] = world.examples;
    if (example === undefined) throw new Error("no example");
    const { mentions, ...rest } = example;
    expect(mentions).not.toEqual([]);
    expect(controls.empty?.example?.(example)).toEqual(rest);
  });

  it("refuses a control of a strategy that does not read what it takes away", () => {
    const [plain, ernie] = definitions;
    expect(() => checkControl("random", [plain], "--strategies")).toThrow(
      '--strategies: "none@random" equals "none", which reads no entity vectors. Leave @random out.',
    );
    expect(() => checkControl("empty", [plain], "--strategies")).toThrow("which reads no linked mentions");
    expect(() => checkControl("rewired", [ernie], "--strategies")).toThrow("which reads no triples of the graph");
    expect(() => checkControl("shuffled", [ernie], "--strategies")).not.toThrow();
    for (const reader of [kBert, kAdapter] as unknown as FusionDefinition[])
      expect(() => checkControl("rewired", [reader], "--strategies")).not.toThrow();
  });
});
