import { cleanRun, type Neo4jOptions, neo4j, writeLinks, writePredictions, writeVectors } from "@kgraft/kg";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();

describe.skipIf(server === undefined)(`writing back into Neo4j${reason}`, { timeout: 180_000 }, () => {
  const connection = driver.driver(server?.url ?? "bolt://none", driver.auth.basic("neo4j", server?.password ?? ""), {
    disableLosslessIntegers: true,
  });
  const ask = async (query: string, parameters: object = {}) =>
    (await connection.executeQuery(query, parameters as Record<string, unknown>)).records.map((record) =>
      record.toObject(),
    );
  const options: Neo4jOptions = neo4j.options.parse({ ...server, entities: { label: "Back", id: "id", text: "name" } });
  const vectors = Array.from({ length: 2500 }, (_, i) => ({
    id: `b${i}`,
    vector: Float32Array.of(Math.cos(i), Math.sin(i), 0.5),
  }));
  const given = { vectors, dimension: 3, total: vectors.length, property: "backVector" };
  const checksum = () =>
    ask(`MATCH (n:Back) RETURN count(n) AS nodes, sum(n.number) AS sum, count(DISTINCT n.name) AS names,
      reduce(all = [], one IN collect(keys(n)) | all + [key IN one WHERE NOT key IN all]) AS keys`);

  beforeAll(async () => {
    await ask("CREATE CONSTRAINT FOR (n:Back) REQUIRE n.id IS UNIQUE");
    await ask("UNWIND range(0, 2499) AS i CREATE (:Back {id: 'b' + i, name: 'Node ' + i, number: i})");
    await ask("CREATE (:Article {id: 'a1', title: 'Kept'})");
  });
  afterAll(() => connection.close());

  it("writes nothing in a dry run, which is the default", async () => {
    const before = await checksum();
    const report = await writeVectors(options, { ...given, runId: "dry" });
    expect(report).toMatchObject({ dryRun: true, rows: 2500, resumedAfter: 0 });
    expect(report.schema[0]).toMatch(/^CREATE VECTOR INDEX `kgraft_backVector` IF NOT EXISTS FOR \(n:`Back`\)/);
    expect(await checksum()).toEqual(before);
    expect(await ask("MATCH (n:KgraftRun {run: 'dry'}) RETURN n")).toEqual([]);
  });

  it("writes vectors under an index of their dimension, finds neighbours, goes on where it broke off, and cleans", async () => {
    const before = await checksum();
    function* breaking() {
      for (const [i, one] of vectors.entries()) {
        if (i === 1700) throw new Error("power cut");
        yield one;
      }
    }
    const run = { ...given, runId: "v1", dryRun: false };
    await expect(writeVectors(options, { ...run, vectors: breaking() })).rejects.toThrow("power cut");
    expect(await ask("MATCH (n:Back) WHERE n.backVector IS NOT NULL RETURN count(*) AS count")).toEqual([
      { count: 1000 },
    ]);
    expect(await writeVectors(options, run)).toMatchObject({ rows: 1500, resumedAfter: 1000, missing: 0 });
    expect(await writeVectors(options, run)).toMatchObject({ rows: 0, resumedAfter: 2500 });
    const [index] = await ask(
      "SHOW INDEXES YIELD name, type, options, state WHERE name = 'kgraft_backVector' RETURN type, state, options.indexConfig AS config",
    );
    expect(index).toMatchObject({ type: "VECTOR", state: "ONLINE", config: { "vector.dimensions": 3 } });
    const near = await ask(
      "MATCH (n:Back {id: 'b7'}) CALL db.index.vector.queryNodes('kgraft_backVector', 2, n.backVector) YIELD node, score RETURN node.id AS id, score",
    );
    expect(near.map(({ score }) => Number(score) > 0.999)).toEqual([true, true]);
    expect((await ask("MATCH (n:Back {id: 'b1'}) RETURN n.backVector AS v"))[0]?.v).toEqual([
      ...(vectors[1]?.vector ?? []),
    ]);
    expect(await cleanRun(options, "v1")).toEqual({ vectors: 2500, links: 0, documents: 0, predictions: 0 });
    expect(await checksum()).toEqual(before);
    expect(await ask("SHOW INDEXES YIELD name WHERE name = 'kgraft_backVector' RETURN name")).toEqual([]);
  });

  it("leaves vectors to the run that wrote them last, and refuses a run id with other data", async () => {
    await writeVectors(options, { ...given, runId: "old", dryRun: false });
    await writeVectors(options, { ...given, runId: "new", dryRun: false });
    expect(await cleanRun(options, "old")).toMatchObject({ vectors: 0 });
    await expect(
      writeVectors(options, { ...given, total: 1, vectors: vectors.slice(0, 1), runId: "new", dryRun: false }),
    ).rejects.toThrow(
      'run "new" has written other vectors already: 2500 vectors of 3 dimensions, not 1 vectors of 3 dimensions. Take another run id, or take its writes out first: kgraft graph clean --run new.',
    );
    expect(await cleanRun(options, "new")).toMatchObject({ vectors: 2500 });
    await expect(cleanRun(options, "new")).rejects.toThrow('no run "new" has written here.');
  });

  it("refuses a property of the user, a vector of another dimension and one that is not finite", async () => {
    const run = { ...given, runId: "bad", dryRun: false };
    await expect(writeVectors(options, { ...run, property: "number" })).rejects.toThrow(
      'already has a property "number" that no run of kgraft wrote. Write the vectors under another name.',
    );
    for (const [vector, message] of [
      [[1, 2], 'vector of entity "b0": has 2 dimensions. Wanted 3 finite numbers.'],
      [[1, Number.NaN, 2], 'vector of entity "b0": holds a number that is not finite. Wanted 3 finite numbers.'],
    ] as const)
      await expect(
        writeVectors(options, { ...run, total: 1, vectors: [{ id: "b0", vector: Float32Array.from(vector) }] }),
      ).rejects.toThrow(message);
    await expect(writeVectors(options, { ...run, dimension: 5000 })).rejects.toThrow(
      "the vectors have 5000 dimensions",
    );
    await cleanRun(options, "bad").catch(() => undefined);
  });

  it("writes links between documents and entities once, and takes them out without touching a user's document", async () => {
    const links = [
      { document: "a1", entity: "b1", start: 0, end: 4, score: 0.5 },
      { document: "a1", entity: "b1", start: 9, end: 12, score: 0.25 },
      { document: "a2", entity: "b2", start: 0, end: 4, score: 1 },
      { document: "a2", entity: "nobody", start: 5, end: 7, score: 1 },
    ];
    const run = { links, documentLabel: "Article", runId: "l1", dryRun: false };
    expect(await writeLinks(options, run)).toMatchObject({ rows: 4, missing: 1 });
    expect(await writeLinks(options, run)).toMatchObject({ rows: 0, resumedAfter: 4 });
    expect(
      await ask(
        "MATCH (d:Article)-[m:MENTIONS]->(n:Back) RETURN d.id AS document, n.id AS entity, m.start AS start, m.end AS end, m.score AS score ORDER BY document, start",
      ),
    ).toEqual(links.slice(0, 3));
    expect(await cleanRun(options, "l1")).toMatchObject({ links: 3, documents: 1 });
    expect(await ask("MATCH (d:Article) RETURN properties(d) AS d")).toEqual([{ d: { id: "a1", title: "Kept" } }]);
    await expect(writeLinks(options, { ...run, documentLabel: "Back" })).rejects.toThrow(
      `label "Back" is that of the graph's entities`,
    );
  });

  it("states predicted triples under a label of their own, which nobody reads as known triples", async () => {
    const triples = [
      { head: "b1", relation: "LIKES", tail: "b2", score: 0.9 },
      { head: "b2", relation: "LIKES", tail: "b2", score: 0.8 },
    ];
    const run = { triples, model: "transe", runId: "p1", dryRun: false };
    expect(await writePredictions(options, run)).toMatchObject({ rows: 2, missing: 0 });
    expect(
      await ask(
        "MATCH (h)<-[:HEAD]-(p:KgraftPrediction)-[:TAIL]->(t) RETURN h.id AS head, p.relation AS relation, t.id AS tail, p.score AS score, p.model AS model, p.kgraftRun AS run ORDER BY head",
      ),
    ).toEqual(triples.map((triple) => ({ ...triple, model: "transe", run: "p1" })));
    const graph = await neo4j.create(
      { ...options, mode: "live" },
      { progress: { note: () => undefined, bar: () => ({ update: () => undefined, end: () => undefined }) } },
    );
    expect((await graph.counts()).triples).toBe(0);
    await graph.close();
    expect(await cleanRun(options, "p1")).toMatchObject({ predictions: 2 });
    expect(await ask("MATCH (n:KgraftPrediction) RETURN n")).toEqual([]);
  });
});
