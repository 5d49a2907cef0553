import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGraph, neo4j, writeGraphToNeo4j, writeVectors } from "@kgraft/kg";
import { type Progress, silent } from "@kgraft/runtime";
import driver from "neo4j-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Neo4jServer } from "./launch-server.ts";
import { testServer } from "./server.ts";

const { server: shared, reason } = await testServer();

const entityCount = 6000;
const tripleCount = 20_000;

function* entities() {
  for (let i = 0; i < entityCount; i++) yield { id: `e${i}`, label: `E ${i}`, aliases: [], types: [], properties: {} };
}

/** Distinct triples, many of them of one head, so that its triples take several pages. */
function* triples() {
  for (let i = 0; i < tripleCount; i++) {
    const head = i % 4 === 0 ? 0 : i % entityCount;
    yield { head: `e${head}`, relation: `R${i % 3}`, tail: `e${(i * 7 + Math.floor(i / entityCount)) % entityCount}` };
  }
}

/** Calls once a bar has passed a number. */
function passing(label: string, number: number, call: () => void): Progress {
  let called = false;
  return {
    ...silent,
    bar: (name) => ({
      update(done) {
        if (called || name !== label || done < number) return;
        called = true;
        call();
      },
      end: () => undefined,
    }),
  };
}

describe.skipIf(shared === undefined)(
  `a server killed at work and started again${reason}`,
  { timeout: 300_000 },
  () => {
    let server: Neo4jServer;
    let scratch: string;
    let wanted: string;
    const restarts: Promise<void>[] = [];
    const restart = () => restarts.push(server.kill().then(() => server.run()));
    const options = (more: object) =>
      neo4j.options.parse({
        ...{ url: server.url, user: server.user, password: server.password, database: server.database },
        entities: { label: "E", id: "id", text: "name" },
        snapshots: scratch,
        pageRows: 500,
        readers: 3,
        retrySeconds: 120,
        ...more,
      });
    const snapshot = async (progress: Progress) => {
      const { source } = await neo4j.create(options({ refresh: true }), { progress });
      await Promise.all(restarts);
      return source;
    };

    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), "kgraft-neo4j-killed-"));
      server = await Neo4jServer.start();
    });
    afterAll(async () => {
      await server?.stop();
      await rm(scratch, { recursive: true, force: true });
    });

    it("in the middle of an import: it goes on, nothing is doubled or lost", async () => {
      const graph = await buildGraph("made", { entities: entities(), triples: triples() });
      const distinct = new Set(Array.from(triples(), ({ head, relation, tail }) => `${head} ${relation} ${tail}`)).size;
      await writeGraphToNeo4j(graph, options({}), passing("neo4j relationships", 8000, restart));
      expect(restarts.length).toBe(1);
      wanted = await snapshot(silent);
      const read = await neo4j.create(options({ mode: "live" }), { progress: silent });
      expect(await read.counts()).toEqual({ entities: entityCount, relations: 3, triples: distinct });
      const seen = new Set<string>();
      for await (const { head, relation, tail } of read.triples()) seen.add(`${head} ${relation} ${tail}`);
      expect(seen.size).toBe(distinct);
      await read.close();
    });

    it("in the middle of reading entities and of reading triples: the snapshot is the same to the byte", async () => {
      expect(await snapshot(passing("neo4j entities", 2000, restart))).toBe(wanted);
      expect(restarts.length).toBe(2);
      expect(await snapshot(passing("neo4j triples", 9000, restart))).toBe(wanted);
      expect(restarts.length).toBe(3);
    });

    it("in the middle of a write-back: every vector is there once, counted by the run", async () => {
      const vectors = Array.from({ length: entityCount }, (_, i) => ({ id: `e${i}`, vector: Float32Array.of(i, 1) }));
      const given = { vectors, dimension: 2, total: entityCount, runId: "killed", dryRun: false };
      const report = await writeVectors(options({}), { ...given, progress: passing("neo4j vectors", 3000, restart) });
      await Promise.all(restarts);
      expect(restarts.length).toBe(4);
      expect(report).toMatchObject({ rows: entityCount, missing: 0 });
      const connection = driver.driver(server.url, driver.auth.basic(server.user, server.password));
      const { records } = await connection.executeQuery(
        "MATCH (n:E) RETURN toString(count(n.kgraftVector)) AS count, toString(sum(n.kgraftVector[0])) AS sum",
      );
      await connection.close();
      expect(records[0]?.toObject()).toEqual({
        count: String(entityCount),
        sum: `${(entityCount * (entityCount - 1)) / 2}.0`.replace(/^17997000\.0$/, "1.7997E7"),
      });
    });
  },
);
