/** A Python with PyTorch for comparisons, made once in the user's cache. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const PACKAGES = ["torch==2.15.0", "numpy==2.4.6"];
const TRANSFORMERS = "transformers==5.24.0";
/** PyTorch without CUDA, a tenth of the size. */
const CPU_INDEX = "https://download.pytorch.org/whl/cpu";

/**
 * Gives the path of a Python that has PyTorch: `$KGRAFT_BENCH_PYTHON`, else one in a virtual environment that is made
 * where it is missing.
 *
 * @throws Error with what failed
 */
export function pytorchPython(): string {
  const { KGRAFT_BENCH_PYTHON, XDG_CACHE_HOME } = process.env;
  if (KGRAFT_BENCH_PYTHON) return KGRAFT_BENCH_PYTHON;
  const folder = join(XDG_CACHE_HOME || join(homedir(), ".cache"), "kgraft", "pytorch-2.15.0");
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const works = () => existsSync(python) && spawnSync(python, ["-c", "import torch, numpy"]).status === 0;
  if (works()) return python;
  console.error(`Making ${folder} with ${PACKAGES.join(" and ")} (once) …`);
  rmSync(folder, { recursive: true, force: true });
  run(process.platform === "win32" ? "python" : "python3", ["-m", "venv", folder]);
  const install = ["-m", "pip", "install", "--quiet", ...PACKAGES];
  // A network that has only the usual package index is common: there the whole of PyTorch is taken.
  const quick = ["--retries", "0", "--timeout", "10", "--index-url", CPU_INDEX];
  if (spawnSync(python, [...install, ...quick], { stdio: "ignore" }).status !== 0) run(python, install);
  if (!works()) throw new Error(`${python} cannot import torch`);
  return python;
}

/** The same with `transformers`, which is put beside PyTorch where it is missing. */
export function transformersPython(): string {
  const python = pytorchPython();
  if (spawnSync(python, ["-c", "import transformers"]).status === 0) return python;
  console.error(`Adding ${TRANSFORMERS} to ${python} (once) …`);
  run(python, ["-m", "pip", "install", "--quiet", TRANSFORMERS]);
  return python;
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`\`${command} ${args.join(" ")}\` failed${error ? `: ${error.message}` : ""}`);
}
