import { type CleanedRun, cleanRun } from "@kgraft/kg";
import type { RunConfig } from "../config/run-config.ts";
import { hidingSecrets } from "../config/secrets.ts";
import { neo4jOptionsOf } from "./neo4j-options-of.ts";

/**
 * Takes out of a config's Neo4j what a run has written there.
 *
 * @throws InputError `kg.neo4j.run` where no run of that id has written
 */
export async function cleanGraph(config: RunConfig, runId: string): Promise<CleanedRun> {
  return hidingSecrets(config.secrets, () => cleanRun(neo4jOptionsOf(config), runId));
}
