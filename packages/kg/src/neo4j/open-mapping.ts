import { InputError, type Progress } from "@kgraft/runtime";
import { checkMapping, noteUnknownProperties } from "./check-mapping.ts";
import type { Neo4jConnection } from "./connection.ts";
import { MappedNodes } from "./mapped-nodes.ts";
import type { EntityMapping, Neo4jOptions } from "./neo4j-options.ts";

/** The node side of a mapping. @throws InputError `kg.neo4j.mapping` where the config has queries instead */
export function entityMapping({ entities }: Neo4jOptions): EntityMapping {
  if (entities !== undefined) return entities;
  throw new InputError({
    code: "kg.neo4j.mapping",
    at: "config.graph.entities",
    problem: "is missing",
    wanted:
      "Wanted the mapping of nodes to entities, since own queries cannot be asked for single entities nor written to",
  });
}

/** Checks a mapping against the database and opens it for reading. */
export async function openMapping(
  connection: Neo4jConnection,
  options: Neo4jOptions,
  progress: Progress,
): Promise<MappedNodes> {
  const mapping = entityMapping(options);
  const parts = await checkMapping(connection, options, mapping);
  await noteUnknownProperties(connection, mapping, progress);
  return new MappedNodes(connection, options, mapping, parts);
}
