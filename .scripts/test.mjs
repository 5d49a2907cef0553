// npm test: every test of the workspace; the last line counts them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, setUp, tool } from "./setup.mjs";

setUp();
const folder = mkdtempSync(join(tmpdir(), "kgraft-test-"));
const results = join(folder, "results.json");
try {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  const { status } = spawnSync(
    tool("vitest"),
    ["run", "--config", "tests/vitest.config.ts", ...reporters, ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit" },
  );
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, "utf8"));
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
