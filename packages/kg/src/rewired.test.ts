import { fileURLToPath } from "node:url";
import { collect, streams } from "@kgraft/runtime";
import { expect, test } from "vitest";
import { buildGraph, inIdOrder, rewired, type Triple } from "./index.ts";
import { readFixture } from "./testing.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));
const openToy = async () => inIdOrder(await buildGraph("toy", await readFixture(toy)));

test("rewiring keeps entities, relations, heads and tails, and says other triples; the same for a seed", async () => {
  const graph = await openToy();
  const other = await rewired(graph, streams(1));
  expect(other.source).toBe("toy rewired");
  expect(await collect(other.entities())).toEqual(await collect(graph.entities()));
  expect(await collect(other.relations())).toEqual(await collect(graph.relations()));
  const [before, after] = [await collect(graph.triples()), await collect(other.triples())];
  for (const end of ["head", "tail"] as const) {
    const ends = (triples: readonly Triple[]) => triples.map((triple) => `${triple.relation} ${triple[end]}`).sort();
    expect(ends(after)).toEqual(ends(before));
  }
  expect(after).not.toEqual(before);
  expect(await collect((await rewired(graph, streams(1))).triples())).toEqual(after);
  expect(await collect((await rewired(graph, streams(2))).triples())).not.toEqual(after);
});

test("no triple keeps its tail where all tails of a relation differ; a lone triple does", async () => {
  const ids = Array.from({ length: 50 }, (_, i) => `e${i}`);
  const graph = await buildGraph("ring", {
    entities: ids.map((id) => ({ id, label: id, aliases: [], types: [], properties: {} })),
    triples: [
      ...ids.map((head, i) => ({ head, relation: "next", tail: ids[(i + 1) % ids.length] as string })),
      { head: "e1", relation: "alone", tail: "e2" },
    ],
  });
  const other = await rewired(graph, streams(3));
  for (const [i, head] of ids.entries()) {
    const [{ tail } = { tail: "" }] = await other.neighbours(head, { direction: "out", relations: ["next"] });
    expect(ids).toContain(tail);
    expect(tail).not.toBe(ids[(i + 1) % ids.length]);
  }
  expect((await other.neighbours("e1", { relations: ["alone"] }))[0]?.tail).toBe("e2");
});
