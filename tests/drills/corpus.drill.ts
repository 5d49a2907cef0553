import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const gigabytes = process.env.DRILL_GIGABYTES ?? "10";

/** Most memory that reading a corpus of a size took, by what was done. */
function peaks(size: string): Map<string, number> {
  const runner = join(root, "packages/tensor/test-data/run-typescript.mjs");
  const args = [runner, join(root, "benchmarks/corpus-memory.ts"), size];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  console.log(`${size} GB\n${stdout}`);
  return new Map(lines.map(({ what, peakMiB }) => [what, peakMiB]));
}

test(`reading ${gigabytes} GB takes no more memory than reading 10 MB`, { timeout: 3_600_000 }, () => {
  const [small, large] = [peaks("0.01"), peaks(gigabytes)];
  // The garbage collector's young generation grows to its limit of 48 MiB once there is enough to do.
  for (const [what, peak] of large) expect(peak, what).toBeLessThan((small.get(what) as number) + 96);
});
