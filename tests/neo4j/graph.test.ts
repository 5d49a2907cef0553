import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CompactGraph, folder, neo4j, writeGraphToNeo4j } from "@kgraft/kg";
import { describeGraph, type ExpectedGraph, readFixture } from "@kgraft/kg/testing";
import { silent } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();
const toy = fileURLToPath(new URL("../../kg-fixtures/toy", import.meta.url));

const sorted = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The fixture in the order of Neo4j's index. */
async function expected(): Promise<ExpectedGraph> {
  const { entities, relations, triples } = await readFixture(toy);
  return {
    entities: entities.toSorted((a, b) => sorted(a.id, b.id)),
    relations: relations.toSorted((a, b) => sorted(a.id, b.id)),
    triples: triples.toSorted(
      (a, b) => sorted(a.head, b.head) || sorted(a.relation, b.relation) || sorted(a.tail, b.tail),
    ),
  };
}

describe.skipIf(server === undefined)(`neo4j${reason}`, () => {
  let scratch: string;
  const label = "Toy `Graph`";
  const stated = (more: object = {}) =>
    neo4j.options.parse({
      ...server,
      entities: {
        label,
        id: "the id",
        text: "name",
        aliases: "aliases",
        description: "description",
        types: "types",
        json: ["aliasWeights"],
      },
      relations: { label: "words" },
      snapshots: scratch,
      pageRows: 100,
      ...more,
    });
  const open = (more: object = {}) => neo4j.create(stated(more), { progress: silent });

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "kgraft-neo4j-test-"));
    await writeGraphToNeo4j(await folder.create({ path: toy }, { progress: silent }), stated());
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  describeGraph("neo4j, live", () => open({ mode: "live" }), expected);
  describeGraph(
    "neo4j, live, with a cache of three entities",
    () => open({ mode: "live", cachedEntities: 3 }),
    expected,
  );
  describeGraph("neo4j, snapshot", () => open(), expected);

  it("writes the same graph again without doubling anything", async () => {
    const graph = await folder.create({ path: toy }, { progress: silent });
    expect(await writeGraphToNeo4j(graph, stated())).toEqual({ entities: 22, triples: 42 });
    const again = await open({ mode: "live" });
    expect(await again.counts()).toEqual(await graph.counts());
    await again.close();
  });

  it("gives byte-identical snapshots whatever the parallelism and pages, and a manifest beside them", async () => {
    const names = new Set<string>();
    for (const [readers, pageRows] of [
      [1, 100],
      [4, 100],
      [3, 7000],
    ]) {
      const graph = await open({ refresh: true, readers, pageRows });
      expect(graph).toBeInstanceOf(CompactGraph);
      names.add(graph.source);
    }
    expect(names.size).toBe(1);
    const files = await readdir(scratch);
    const ending = (end: string) => files.filter((name) => name.endsWith(end));
    expect(files).toHaveLength(3);
    const [snapshot] = ending(".kgraph");
    const [side] = ending(".json");
    expect(snapshot).toMatch(/^[0-9a-f]{64}\.kgraph$/);
    const manifest = JSON.parse(await readFile(join(scratch, side as string), "utf8"));
    expect(manifest).toMatchObject({
      serverVersion: "5.26.0",
      counts: { entities: 22, relations: 16, triples: 42 },
      passedOver: 0,
      snapshot,
      query: { entities: { label }, relations: { types: "*" } },
    });
  });
});
