import { once } from "node:events";
import { createServer } from "node:net";
import type { TestProject } from "vitest/node";
import { Neo4jServer, type ServerAddress } from "./launch-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Port at which test files ask for the one Neo4j server of the suite. */
    neo4jDesk: number;
  }
}

/** What a test file is told. */
export type Answer = { readonly server: ServerAddress } | { readonly reason: string };

/** Starts one Neo4j server for the whole suite when the first test file asks for it, and stops it at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<Neo4jServer> | undefined;
  const desk = createServer((socket) => {
    started ??= Neo4jServer.start();
    started
      .then(
        ({ url, user, password, database }): Answer => ({ server: { url, user, password, database } }),
        (cause): Answer => ({ reason: cause instanceof Error ? cause.message : String(cause) }),
      )
      .then((answer) => socket.end(JSON.stringify(answer)));
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(desk, "listening");
  project.provide("neo4jDesk", (desk.address() as { port: number }).port);
  return async () => {
    desk.close();
    await started?.then(
      (server) => server.stop(),
      () => undefined,
    );
  };
}
