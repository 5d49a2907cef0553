import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Entity } from "./graph.ts";
import { buildGraph, GraphBuilder, relationWords } from "./index.ts";
import { describeGraph, readFixture } from "./testing.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));

function entity(id: string): Entity {
  return { id, label: id, aliases: [], types: [], properties: {} };
}

describeGraph(
  "a graph built from the toy fixture",
  async () => buildGraph("toy", await readFixture(toy)),
  () => readFixture(toy),
);

const awkward = ["constructor", "__proto__", "toString", "10", "9", "\0zero", "\0constructor", "tab\there", "a b", "ö"];
const awkwardParts = {
  entities: awkward.map(entity),
  relations: [
    { id: "constructor", label: "built" },
    { id: "__proto__", label: "proto" },
  ],
  triples: awkward.flatMap((head, i) => [
    { head, relation: "constructor", tail: awkward[(i * 3) % awkward.length] as string },
    { head, relation: "__proto__", tail: head },
    { head: "10", relation: "constructor", tail: head },
    { head: "10", relation: "constructor", tail: head },
  ]),
};

describeGraph(
  "a graph with JavaScript's own names, numbers, loops and doubled triples",
  () => buildGraph("awkward", awkwardParts),
  async () => awkwardParts,
);

describe("buildGraph", () => {
  it("names relations by the words of their ids", async () => {
    const graph = await buildGraph("two", {
      entities: [entity("a"), entity("b")],
      triples: [{ head: "a", relation: "BORN_IN", tail: "b" }],
    });
    const relations = [];
    for await (const relation of graph.relations()) relations.push(relation);
    expect(relations).toEqual([{ id: "BORN_IN", label: "born in" }]);
    expect(["bornIn", "born-in", "part of", "_", "isA2B"].map(relationWords)).toEqual([
      "born in",
      "born in",
      "part of",
      "_",
      "is a2 b",
    ]);
  });

  it("refuses a doubled entity, naming both places", async () => {
    await expect(buildGraph("src", { entities: [entity("a"), entity("a")], triples: [] })).rejects.toThrow(
      'src entity 2: entity "a" was already given at src entity 1. Wanted every id once.',
    );
  });

  it("refuses an unknown head, tail and relation with place and suggestion", async () => {
    const entities = [entity("tokyo"), entity("berlin")];
    const triple = (head: string, tail: string) => ({
      entities,
      triples: [
        { head: "tokyo", relation: "r", tail: "berlin" },
        { head, relation: "r", tail },
      ],
    });
    await expect(buildGraph("src", triple("tokio", "berlin"))).rejects.toThrow(
      'src triple 2: head "tokio" is not among the 2 entities. Did you mean "tokyo"?',
    );
    await expect(buildGraph("src", triple("tokyo", "reykjavik"))).rejects.toThrow(
      'src triple 2: tail "reykjavik" is not among the 2 entities. Add it to the entities, or drop the triple.',
    );
    const builder = new GraphBuilder("src");
    for (const one of entities) builder.addEntity(one, "here");
    builder.addRelation({ id: "hypernym", label: "is a" }, "here");
    builder.closeRelations();
    expect(() => builder.addTriple("tokyo", "hypernim", "berlin", "file:7")).toThrow(
      'file:7: relation "hypernim" is not among the 1 relations. Did you mean "hypernym"?',
    );
    expect(() => builder.addRelation({ id: "hypernym", label: "again" }, "file:8")).toThrow(
      'file:8: relation "hypernym" was already given. Wanted every id once.',
    );
  });

  it("refuses an empty id and an empty graph", async () => {
    await expect(buildGraph("src", { entities: [entity("")], triples: [] })).rejects.toThrow(
      "src entity 1: the entity's id is empty.",
    );
    await expect(buildGraph("src", { entities: [], triples: [] })).rejects.toThrow(
      "src: the graph is empty: it has no entity. Check that it is the right file, folder or filter.",
    );
  });

  it("holds 120,000 entities and 300,000 triples, built in seconds and listed in order", async () => {
    function* entities() {
      for (let i = 0; i < 120_000; i++) yield entity(`e${i}`);
    }
    function* triples() {
      for (let i = 0; i < 300_000; i++)
        yield { head: `e${(i * 7919) % 120_000}`, relation: `r${i % 11}`, tail: `e${(i * 104_729) % 120_000}` };
    }
    const graph = await buildGraph("large", { entities: entities(), triples: triples() });
    expect(await graph.counts()).toEqual({ entities: 120_000, relations: 11, triples: 300_000 });
    const [first] = await graph.neighbours("e0", { limit: 1 });
    expect(first).toEqual({ head: "e0", relation: "r0", tail: "e0" });
  });
});
