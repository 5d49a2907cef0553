import { buildGraph } from "@kgraft/kg";
import { collect, streams } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { entityTypes, type TypedEntity } from "./entity-types.ts";
import { readTypeMembers } from "./type-members.ts";

const graph = await buildGraph("made", {
  entities: ["Bern", "Rome", "Po", "city", "river", "Italy"].map((id) => ({
    id,
    label: id,
    aliases: [],
    types: id === "Rome" ? ["place", "place"] : [],
    properties: {},
  })),
  triples: ["Bern P31 city", "Rome P31 city", "Po P31 river", "Rome in Italy", "Po in Italy", "Italy in Italy"].map(
    (line) => {
      const [head, relation, tail] = line.split(" ") as [string, string, string];
      return { head, relation, tail };
    },
  ),
});

const all = (types: Parameters<typeof entityTypes>[1]) => collect(entityTypes(graph, types).all());

describe("where types come from", () => {
  it("stated: what the graph says of an entity", async () => {
    const types = entityTypes(graph, "stated");
    expect(await types.of("Rome")).toEqual(["place"]);
    expect(await types.of("Bern")).toEqual([]);
    expect(await types.of("nowhere")).toEqual([]);
    expect(new Set((await all("stated")).map(String))).toEqual(new Set(["Rome,place"]));
  });

  it("relations: the tails of those named", async () => {
    expect(await entityTypes(graph, ["P31"]).of("Rome")).toEqual(["city"]);
    expect(await entityTypes(graph, ["P31", "in"]).of("Rome")).toEqual(["city", "Italy"]);
    expect(await entityTypes(graph, ["P31"]).of("Italy")).toEqual([]);
    expect(await all(["P31"])).toEqual([
      ["Bern", "city"],
      ["Rome", "city"],
      ["Po", "river"],
    ]);
  });

  it("roles: the sides of relations that an entity stands on", async () => {
    expect(await entityTypes(graph, "roles").of("Rome")).toEqual(["head of P31", "head of in"]);
    expect(await entityTypes(graph, "roles").of("Italy")).toEqual(expect.arrayContaining(["tail of in", "head of in"]));
    const members = await readTypeMembers(entityTypes(graph, "roles").all(), { limit: 9, streams: streams(1) });
    expect(members.get("tail of in")).toEqual(["Italy"]);
    expect(members.get("head of in")).toEqual(["Rome", "Po", "Italy"]);
  });
});

describe("the entities of a type", () => {
  async function* pairs(ids: Iterable<number>): AsyncGenerator<TypedEntity> {
    for (const id of ids) yield [`Q${id}`, "city"];
  }
  const ascending = Array.from({ length: 2000 }, (_, i) => i);
  const read = async (ids: Iterable<number>, limit: number, seed: number) =>
    (await readTypeMembers(pairs(ids), { limit, streams: streams(seed) })).get("city") ?? [];

  it("are all kept up to the limit, each once", async () => {
    expect(await read([3, 1, 3, 2], 3, 1)).toEqual(["Q3", "Q1", "Q2"]);
  });

  it("are sampled beyond it: a function of seed and ids, whatever the order", async () => {
    const sample = await read(ascending, 50, 1);
    expect(new Set(sample).size).toBe(50);
    expect(await read([...ascending, ...ascending], 50, 1)).toEqual(sample);
    expect(await read(ascending.toReversed(), 50, 1)).toEqual(sample);
    expect(await read(ascending, 50, 2)).not.toEqual(sample);
  });

  it("are sampled uniformly", async () => {
    const early = Array.from({ length: 20 }, async (_, seed) => {
      const sample = await read(ascending, 50, seed);
      return sample.filter((id) => Number(id.slice(1)) < 500).length;
    });
    const found = (await Promise.all(early)).reduce((sum, count) => sum + count, 0);
    // 1,000 drawn, a quarter expected among the first quarter.
    expect(Math.abs(found - 250)).toBeLessThan(3 * Math.sqrt(1000 * 0.25 * 0.75));
  });
});
