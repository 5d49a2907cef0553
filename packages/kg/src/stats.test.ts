import { fileURLToPath } from "node:url";
import { silent } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import { buildGraph, folder, graphStats } from "./index.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));

describe("graphStats", () => {
  it("describes the toy graph", async () => {
    const stats = await graphStats(await folder.create({ path: toy }, { progress: silent }));
    expect([stats.entities, stats.relations, stats.triples]).toEqual([22, 16, 42]);
    expect(Object.entries(stats.triplesByRelation).slice(0, 4)).toEqual([
      ["located-in", 7],
      ["kind-of", 5],
      ["lives-in", 5],
      ["borders", 4],
    ]);
    expect(Object.entries(stats.types).slice(0, 3)).toEqual([
      ["person", 4],
      ["taxon", 4],
      ["city", 3],
    ]);
    expect(stats.degree).toEqual({ mean: 84 / 22, median: 3, max: 13 });
    expect(stats.degreeClasses.reduce((sum, { entities }) => sum + entities, 0)).toBe(22);
    expect(stats.degreeClasses[0]).toEqual({ from: 0, to: 0, entities: 1 });
    expect(stats.degreeClasses.at(-1)).toEqual({ from: 8, to: 15, entities: 2 });
    expect(stats.hubs.length).toBe(10);
    expect(JSON.parse(JSON.stringify(stats))).toEqual({
      ...stats,
      types: { ...stats.types },
      triplesByRelation: { ...stats.triplesByRelation },
    });
  });

  it("counts repeats by relation and direction, loops, and what is missing", async () => {
    const entity = (id: string, types: string[], description?: string) => ({
      id,
      label: id === "a" ? "A" : id,
      aliases: [],
      types,
      properties: {},
      description,
    });
    const triple = (text: string) => {
      const [head = "", relation = "", tail = ""] = text.split(" ");
      return { head, relation, tail };
    };
    const graph = await buildGraph("g", {
      entities: [
        entity("a", ["constructor"], "d"),
        entity("b", []),
        entity("c", ["constructor", "x"], ""),
        entity("d", []),
      ],
      triples: ["a r b", "a r b", "b r a", "a s b", "c s c", "a r b", "c s c"].map(triple),
    });
    const stats = await graphStats(graph);
    expect(stats).toMatchObject({
      duplicates: 3,
      loops: 2,
      isolated: 1,
      missingLabels: 3,
      missingDescriptions: 3,
      untyped: 2,
    });
    expect(Object.entries(stats.types)).toEqual([
      ["constructor", 2],
      ["x", 1],
    ]);
    expect(stats.hubs).toEqual([
      { id: "a", label: "A", degree: 5 },
      { id: "b", label: "b", degree: 5 },
      { id: "c", label: "c", degree: 4 },
    ]);
  });
});
