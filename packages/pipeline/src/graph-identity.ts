import type { GraphDefinition } from "@kgraft/kg";
import type { SharedWork } from "./composition.ts";
import { choiceIdentity } from "./fingerprint.ts";

/**
 * What a config's graph is, for fingerprints: the content of its files, or the revision of what a database holds. The
 * address of a server, its user and its password are no part of it.
 */
export async function graphIdentity({ config, graph }: SharedWork): Promise<unknown> {
  if (config.graph === undefined) return undefined;
  const { remote } = config.graph.definition as GraphDefinition<unknown>;
  if (remote !== true) return choiceIdentity(config.graph);
  const { revision } = await graph();
  return { revision };
}
