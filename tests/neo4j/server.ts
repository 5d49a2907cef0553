import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import type { Answer } from "./global-setup.ts";
import type { ServerAddress } from "./launch-server.ts";

/**
 * Gives the suite's one Neo4j server, or the reason why there is none: pass it to `describe.skipIf` with the reason in the
 * title. Test files share its one database, so each keeps to labels of its own.
 */
export async function testServer(): Promise<{ readonly server?: ServerAddress; readonly reason: string }> {
  const answer = JSON.parse(await text(connect(inject("neo4jDesk"), "127.0.0.1"))) as Answer;
  return "server" in answer ? { server: answer.server, reason: "" } : { reason: ` (skipped: ${answer.reason})` };
}
