import type { GraphDefinition } from "../graph-definition.ts";
import { Neo4jConnection } from "./connection.ts";
import { Neo4jGraph } from "./live-graph.ts";
import { type Neo4jOptions, neo4jOptions } from "./neo4j-options.ts";
import { openMapping } from "./open-mapping.ts";
import { liveRevision } from "./query-key.ts";
import { openSnapshot } from "./snapshot.ts";

/**
 * A graph in a Neo4j server, reached over Bolt: nodes of the mapped labels are entities, relationships between them are
 * triples, a relationship's type is its relation. Entities and triples are ordered by id.
 */
export const neo4j: GraphDefinition<Neo4jOptions> = {
  name: "neo4j",
  summary: "A graph in a Neo4j server (5.15 or later), read into a snapshot or asked live.",
  options: neo4jOptions,
  remote: true,
  async create(options, { progress, refresh = options.refresh }) {
    if (options.mode === "snapshot") return openSnapshot({ ...options, refresh }, progress);
    const connection = await Neo4jConnection.open(options);
    try {
      const nodes = await openMapping(connection, options, progress);
      return new Neo4jGraph(nodes, options.cachedEntities, await liveRevision(nodes, options));
    } catch (cause) {
      await connection.close();
      throw cause;
    }
  },
};
