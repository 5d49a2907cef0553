// npm run drills: what takes minutes, such as twenty runs that are killed and resumed.
import { spawnSync } from "node:child_process";
import { root, setUp, tool } from "./setup.mjs";

setUp();
const { status } = spawnSync(
  tool("vitest"),
  ["run", "--config", "tests/drills/vitest.config.ts", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
process.exitCode = status ?? 1;
