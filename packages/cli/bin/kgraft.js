#!/usr/bin/env node
// The kgraft command: runs the build.
import { existsSync } from "node:fs";

const built = new URL("../dist/index.js", import.meta.url);
if (!existsSync(built)) {
  process.stderr.write("kgraft: is not built yet. Run: npm run build\n");
  process.exit(1);
}
// A reader that has seen enough (`kgraft list | head`) is no failure.
process.stdout.on("error", (error) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
const { main } = await import(built.href);
process.exitCode = await main(process.argv.slice(2));
