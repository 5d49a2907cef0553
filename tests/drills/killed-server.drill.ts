import { neo4j, writeGraphToNeo4j, writeVectors } from "@kgraft/kg";
import { silent } from "@kgraft/runtime";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { distinctTriples, KilledWork, madeGraph } from "../neo4j/killed-work.ts";

const size = { entities: 6000, triples: 20_000 };

describe("a Neo4j server killed at work and started again", { timeout: 600_000 }, () => {
  let work: KilledWork;
  let wanted: string | undefined;
  beforeAll(async () => {
    work = await KilledWork.start();
  });
  afterAll(() => work?.stop());

  test("in the middle of an import: it goes on, nothing is doubled or lost", async () => {
    await writeGraphToNeo4j(await madeGraph(size), work.options(), work.killingAt("neo4j relationships", 8000));
    await work.whenBack();
    expect(work.kills).toBe(1);
    wanted = await work.revision();
    const read = await neo4j.create(work.options({ mode: "live" }), { progress: silent });
    expect(await read.counts()).toEqual({ entities: size.entities, relations: 3, triples: distinctTriples(size) });
    const seen = new Set<string>();
    for await (const { head, relation, tail } of read.triples()) seen.add(`${head} ${relation} ${tail}`);
    expect(seen.size).toBe(distinctTriples(size));
    await read.close();
  });

  test("in the middle of reading entities and of reading triples: the snapshot is the same to the byte", async () => {
    expect(await work.revision(work.killingAt("neo4j entities", 2000))).toBe(wanted);
    expect(await work.revision(work.killingAt("neo4j triples", 9000))).toBe(wanted);
    expect(work.kills).toBe(3);
  });

  test("in the middle of a write-back: every vector is there once, counted by the run", async () => {
    const vectors = Array.from({ length: size.entities }, (_, i) => ({ id: `e${i}`, vector: Float32Array.of(i, 1) }));
    const given = { vectors, dimension: 2, total: size.entities, runId: "killed", dryRun: false };
    const report = await writeVectors(work.options(), { ...given, progress: work.killingAt("neo4j vectors", 3000) });
    await work.whenBack();
    expect(work.kills).toBe(4);
    expect(report).toMatchObject({ rows: size.entities, missing: 0 });
    const { url, user, password } = work.server;
    const connection = driver.driver(url, driver.auth.basic(user, password), { disableLosslessIntegers: true });
    const { records } = await connection.executeQuery(
      "MATCH (n:E) RETURN count(n.kgraftVector) AS count, sum(n.kgraftVector[0]) AS sum",
    );
    await connection.close();
    expect(records[0]?.toObject()).toEqual({ count: size.entities, sum: (size.entities * (size.entities - 1)) / 2 });
  });
});
