// Reading from and writing to a real Neo4j, against the raw driver, in one run:
//   npm run bench -- neo4j/rates [thousands of triples, default 100 500]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { neo4j as adapter, type Neo4jOptions, writeVectors } from "@kgraft/kg";
import { silent } from "@kgraft/runtime";
import neo4j, { type Driver } from "neo4j-driver";
import { Neo4jServer } from "../../tests/neo4j/launch-server.ts";
import { median, spread } from "../statistics.ts";

export const triplesPerEntity = 5;
const relations = 10;

export async function load(driver: Driver, entities: number): Promise<void> {
  await driver.executeQuery("CREATE CONSTRAINT IF NOT EXISTS FOR (n:E) REQUIRE n.id IS UNIQUE");
  const session = driver.session();
  await session.run(
    `UNWIND range(0, $entities - 1) AS i CALL (i) { CREATE (:E {id: 'entity-' + i, name: 'Entity ' + i}) } IN TRANSACTIONS OF 20000 ROWS`,
    { entities: neo4j.int(entities) },
  );
  for (let relation = 0; relation < relations; relation++)
    await session.run(
      `MATCH (h:E) WITH h, toInteger(substring(h.id, 7)) AS i WHERE i % 2 = $relation % 2
CALL (h, i) { MATCH (t:E {id: 'entity-' + ((i * 7919 + $relation * 104729) % $entities)}) CREATE (h)-[:R${relation}]->(t) } IN TRANSACTIONS OF 20000 ROWS`,
      { entities: neo4j.int(entities), relation: neo4j.int(relation) },
    );
  await session.close();
}

async function rawTriples(driver: Driver): Promise<number> {
  const session = driver.session({ defaultAccessMode: neo4j.session.READ, fetchSize: 10_000 });
  let rows = 0;
  for await (const record of session.run("MATCH (h:E)-[r]->(t:E) RETURN h.id, type(r), t.id"))
    if (typeof record.get(0) === "string" && record.get(2)) rows++;
  await session.close();
  return rows;
}

/** Nodes with two properties: what an entity of the mapping is. */
async function rawEntities(driver: Driver): Promise<number> {
  const session = driver.session({ defaultAccessMode: neo4j.session.READ, fetchSize: 10_000 });
  let rows = 0;
  for await (const record of session.run("MATCH (n:E) RETURN n.id, n.name"))
    if (typeof record.get(0) === "string" && record.get(1)) rows++;
  await session.close();
  return rows;
}

/** @returns rows a second */
async function rate(name: string, work: () => Promise<number>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const begin = performance.now();
  const rows = await work();
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(timer);
  const perSecond = Math.round(rows / seconds).toLocaleString("en");
  console.log(
    `${name.padEnd(34)} ${String(rows).padStart(8)} rows ${seconds.toFixed(2).padStart(7)} s ${perSecond.padStart(9)} /s   RSS peak ${(peak / 2 ** 20).toFixed(0)} MiB`,
  );
  return rows / seconds;
}

/** Takes turns of the raw driver and kgraft, the first of which only warms the server up, and prints their ratio. */
async function turns(what: string, raw: () => Promise<number>, ours: () => Promise<number>): Promise<void> {
  const ratios: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const [theirs, own] = [await rate(`raw driver, ${what}`, raw), await rate(`kgraft ${what}`, ours)];
    if (turn > 0) ratios.push(own / theirs);
  }
  console.log(`kgraft / raw driver, ${what}: ${median(ratios).toFixed(2)} (turns ${spread(ratios, 2)})`);
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let rows = 0;
  for await (const _ of items) rows++;
  return rows;
}

async function measure(thousands: number): Promise<void> {
  const server = await Neo4jServer.start();
  const scratch = await mkdtemp(join(tmpdir(), "kgraft-benchmark-"));
  const driver = neo4j.driver(server.url, neo4j.auth.basic(server.user, server.password));
  try {
    const entities = (thousands * 1000) / triplesPerEntity;
    await load(driver, entities);
    const { url, user, password, database } = server;
    const options: Neo4jOptions = adapter.options.parse({
      ...{ url, user, password, database },
      entities: { label: "E", id: "id", text: "name" },
      snapshots: scratch,
    });
    console.log(`\n${entities} entities, ${thousands},000 triples`);
    const live = await adapter.create({ ...options, mode: "live" }, { progress: silent });
    await turns(
      "live, triples",
      () => rawTriples(driver),
      () => count(live.triples()),
    );
    await turns(
      "live, entities",
      () => rawEntities(driver),
      () => count(live.entities()),
    );
    await turns(
      "snapshot, entities and triples",
      async () => (await rawEntities(driver)) + (await rawTriples(driver)),
      async () => {
        const graph = await adapter.create({ ...options, refresh: true }, { progress: silent });
        const { entities, triples } = await graph.counts();
        return entities + triples;
      },
    );
    await rate("kgraft snapshot, from its file", async () => {
      const { entities, triples } = await (await adapter.create(options, { progress: silent })).counts();
      return entities + triples;
    });
    await live.close();
    const total = Math.min(entities, 117_659);
    const vector = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const vectors = Array.from({ length: total }, (_, i) => ({ id: `entity-${i}`, vector }));
    await rate("write vectors of 100 dimensions", async () => {
      await writeVectors(options, { vectors, dimension: 100, total, runId: "benchmark", dryRun: false });
      return total;
    });
  } finally {
    await driver.close();
    await server.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @param sizes thousands of triples */
export async function main(sizes: readonly string[]): Promise<void> {
  for (const thousands of sizes.length > 0 ? sizes : ["100", "500"]) await measure(Number(thousands));
}
