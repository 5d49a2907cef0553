import { type Neo4jOptions, neo4j } from "@kgraft/kg";
import { InputError } from "@kgraft/runtime";
import type { RunConfig } from "../config/run-config.ts";

/** Whether a config's graph is in Neo4j. */
export function isNeo4j({ graph }: RunConfig): boolean {
  return graph?.definition === neo4j;
}

/** The options of a config's Neo4j. @throws InputError `graph.neo4j` where its graph is none */
export function neo4jOptionsOf(config: RunConfig): Neo4jOptions {
  if (isNeo4j(config)) return config.graph?.options as Neo4jOptions;
  throw new InputError({
    code: "graph.neo4j",
    at: `${config.file}: config.graph`,
    problem: config.graph === undefined ? "is missing" : `is "${config.graph.name}"`,
    wanted: "Wanted a graph in Neo4j, which alone can be written back to",
    fix: "Name one: graph: { name: neo4j, url: …, entities: … }",
  });
}
