// npm run bench -- NAME …: runs benchmarks/NAME.ts from source.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, setUp } from "./setup.mjs";

const [name = "", ...args] = process.argv.slice(2);
const file = join(root, "benchmarks", `${name}.ts`);
if (!existsSync(file)) {
  process.stderr.write(`npm run bench -- NAME [options]; for example training-step\n`);
  process.exit(2);
}
setUp();
const runner = join(root, "packages/tensor/test-data/run-typescript.mjs");
process.exitCode = spawnSync(process.execPath, [runner, file, ...args], { cwd: root, stdio: "inherit" }).status ?? 1;
