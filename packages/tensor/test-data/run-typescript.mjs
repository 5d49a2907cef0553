// Runs a TypeScript file of the workspace in a process of its own: node run-typescript.mjs FILE ARGUMENTS…
import { resolve } from "node:path";
import { createViteServer } from "vitest/node";

const conditions = ["kgraft-source", "module", "node", "import", "default"];
const server = await createViteServer({
  configFile: false,
  root: resolve(import.meta.dirname, ".."),
  logLevel: "error",
  appType: "custom",
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, ws: false, watch: null },
  ssr: { resolve: { conditions } },
});
try {
  const { main } = await server.ssrLoadModule(resolve(process.argv[2]));
  await main(process.argv.slice(3));
} finally {
  await server.close();
}
