// Memory of streaming all entities and triples of a Neo4j that is read live, of graphs of growing size, in one process:
//   npm run bench -- neo4j/memory [thousands of triples, default 100 500 2000]
import { neo4j as adapter } from "@kgraft/kg";
import { silent } from "@kgraft/runtime";
import neo4j from "neo4j-driver";
import { Neo4jServer } from "../../tests/neo4j/launch-server.ts";
import { load, triplesPerEntity } from "./rates.ts";

async function measure(thousands: number): Promise<void> {
  const server = await Neo4jServer.start();
  const driver = neo4j.driver(server.url, neo4j.auth.basic(server.user, server.password));
  try {
    await load(driver, (thousands * 1000) / triplesPerEntity);
    const { url, user, password, database } = server;
    const options = adapter.options.parse({
      ...{ url, user, password, database, mode: "live" },
      entities: { label: "E", id: "id", text: "name" },
    });
    const graph = await adapter.create(options, { progress: silent });
    let peak = 0;
    let rows = 0;
    for (const stream of [graph.entities(), graph.triples()])
      for await (const _ of stream) if (rows++ % 1000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    await graph.close();
    console.log(`${String(rows).padStart(8)} entities and triples   RSS peak ${(peak / 2 ** 20).toFixed(0)} MiB`);
  } finally {
    await driver.close();
    await server.stop();
  }
}

/** @param sizes thousands of triples */
export async function main(sizes: readonly string[]): Promise<void> {
  for (const thousands of sizes.length > 0 ? sizes : ["100", "500", "2000"]) await measure(Number(thousands));
}
