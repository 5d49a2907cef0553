import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { collect } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entity, Graph, NeighbourQuery, Relation, Triple } from "./graph.ts";

/** What a graph should hold, in the order in which it should list it. */
export interface ExpectedGraph {
  readonly entities: readonly Entity[];
  readonly relations: readonly Relation[];
  readonly triples: readonly Triple[];
}

/** Reads a graph folder without escapes (as those of kg-fixtures) by nothing but `JSON.parse` and `split`. */
export async function readFixture(path: string): Promise<ExpectedGraph> {
  const lines = async (name: string) =>
    (await readFile(join(path, name), "utf8")).split("\n").filter((line) => line !== "");
  const nothing = { aliases: [], types: [], properties: {} };
  return {
    entities: (await lines("entities.jsonl")).map((line) => ({ ...nothing, ...JSON.parse(line) })),
    relations: (await lines("relations.jsonl")).map((line) => JSON.parse(line)),
    triples: (await lines("triples.tsv")).map((line) => {
      const [head = "", relation = "", tail = ""] = line.split("\t");
      return { head, relation, tail };
    }),
  };
}

/**
 * Runs the contract of {@link Graph} on an adapter, as vitest tests.
 *
 * @param name what the suite is called
 * @param open opens the graph; it is called twice, and both graphs are closed at the end
 * @param expected what the graph holds, e.g. from {@link readFixture}
 */
export function describeGraph(name: string, open: () => Promise<Graph>, expected: () => Promise<ExpectedGraph>): void {
  describe(`${name} keeps the contract of Graph`, () => {
    let graph: Graph;
    let again: Graph;
    let wanted: ExpectedGraph;
    beforeAll(async () => {
      wanted = await expected();
      graph = await open();
      again = await open();
    });
    afterAll(async () => {
      await graph?.close();
      await again?.close();
    });

    it("names its source, the same each time", () => {
      expect(graph.source).toMatch(/\S/);
      expect(again.source).toBe(graph.source);
    });
    it("lists every entity once, in order, with all its fields", async () => {
      expect(await collect(graph.entities())).toEqual(wanted.entities);
    });
    it("lists every relation in order", async () => {
      expect(await collect(graph.relations())).toEqual(wanted.relations);
    });
    it("lists every triple in order", async () => {
      expect(await collect(graph.triples())).toEqual(wanted.triples);
    });
    it("counts what it lists", async () => {
      const { entities, relations, triples } = wanted;
      expect(await graph.counts()).toEqual({
        entities: entities.length,
        relations: relations.length,
        triples: triples.length,
      });
    });
    it("lists the same at every call, also while another listing is under way, and when opened again", async () => {
      const started = graph.triples()[Symbol.asyncIterator]();
      await started.next();
      expect(await collect(graph.triples())).toEqual(wanted.triples);
      expect(await collect(graph.entities())).toEqual(await collect(again.entities()));
      expect(await collect(graph.triples())).toEqual(await collect(again.triples()));
      await started.return?.();
    });
    it("finds every entity by id, and none that it does not have", async () => {
      for (const entity of wanted.entities) expect(await graph.entity(entity.id)).toEqual(entity);
      for (const id of strangers(wanted)) expect(await graph.entity(id)).toBeUndefined();
    });
    it("gives labels that are never empty", async () => {
      for await (const { label } of graph.entities()) expect(label).not.toBe("");
      for await (const { label } of graph.relations()) expect(label).not.toBe("");
    });
    it("gives neighbours by direction, in the order of the triples; a loop once", async () => {
      for (const direction of ["out", "in", "both", undefined] as const)
        for (const { id } of wanted.entities) await checkNeighbours(graph, wanted, id, direction && { direction });
    });
    it("gives neighbours of chosen relations only", async () => {
      for (const { id } of wanted.entities)
        for (const relation of wanted.relations) {
          await checkNeighbours(graph, wanted, id, { relations: [relation.id] });
          await checkNeighbours(graph, wanted, id, { relations: [relation.id], direction: "out", limit: 1 });
        }
      const [first, second] = wanted.relations.map(({ id }) => id);
      for (const { id } of wanted.entities)
        await checkNeighbours(graph, wanted, id, { relations: [first, second].filter((one) => one !== undefined) });
    });
    it("gives no neighbour for no relation and for a relation that it does not have", async () => {
      for (const { id } of wanted.entities) {
        expect(await graph.neighbours(id, { relations: [] })).toEqual([]);
        expect(await graph.neighbours(id, { relations: ["no such relation"] })).toEqual([]);
      }
    });
    it("gives the first neighbours up to a limit", async () => {
      for (const { id } of wanted.entities)
        for (const limit of [0, 1, 3, 1000]) await checkNeighbours(graph, wanted, id, { limit });
    });
    it("gives no neighbours and degree 0 for an entity that it does not have", async () => {
      for (const id of strangers(wanted)) {
        expect(await graph.neighbours(id)).toEqual([]);
        expect(await graph.degree(id)).toBe(0);
      }
    });
    it("counts degrees, a loop twice", async () => {
      for (const { id } of wanted.entities) {
        const ends = wanted.triples.flatMap(({ head, tail }) => [head, tail]);
        expect(await graph.degree(id)).toBe(ends.filter((end) => end === id).length);
      }
    });
  });
}

async function checkNeighbours(graph: Graph, wanted: ExpectedGraph, id: string, query?: NeighbourQuery): Promise<void> {
  const { direction = "both", relations, limit } = query ?? {};
  const found = wanted.triples.filter(
    ({ head, relation, tail }) =>
      ((direction !== "in" && head === id) || (direction !== "out" && tail === id)) &&
      (relations === undefined || relations.includes(relation)),
  );
  expect(await graph.neighbours(id, query)).toEqual(found.slice(0, limit));
}

/** Ids that are no entity's: empty, JavaScript's own names, an id in another case or with a space. */
function strangers({ entities }: ExpectedGraph): readonly string[] {
  const ids = new Set(entities.map(({ id }) => id));
  const first = entities[0]?.id ?? "";
  return ["", "constructor", "__proto__", `${first} `, first.toUpperCase()].filter((id) => !ids.has(id));
}
