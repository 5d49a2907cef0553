import { createHash } from "node:crypto";
import type { MappedNodes } from "./mapped-nodes.ts";
import type { Neo4jOptions } from "./neo4j-options.ts";

/** What is read, as a manifest says it: no parameter's value, since it may be nobody's business. */
export function querySaid({ entities, relations, queries, parameters }: Neo4jOptions) {
  const read = queries === undefined ? { entities, relations } : { queries };
  return { ...read, parameters: Object.keys(parameters).sort() };
}

/** Names a query by all that decides what it reads; the password is no part of it. */
export function queryKey(options: Neo4jOptions): string {
  const { url, user, database, parameters } = options;
  return digest([url, user, database, querySaid(options), Object.entries(parameters).sort()]);
}

/**
 * Names what a live graph holds by its query and by how many nodes and relationships the database counts. That is known at
 * once however large the graph is; a text that was changed in place it does not tell.
 */
export async function liveRevision(nodes: MappedNodes, options: Neo4jOptions): Promise<string> {
  const relationships: number[] = [];
  for (const { number } of nodes.parts) {
    const { rows } = await nodes.read(nodes.queries.countOutgoing(number), {}, "counting relationships");
    relationships.push(rows.reduce((sum, [count]) => sum + Number(count), 0));
  }
  return `live ${digest([queryKey(options), nodes.parts.map(({ nodes: count }) => count), relationships])}`;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 24);
}
