import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Progress } from "@kgraft/runtime";
import type { Prerequisites } from "./prerequisites.ts";
import { KERNEL_FOLDER, mendSource } from "./recipe.ts";
import { runCommand } from "./run-command.ts";

/**
 * Compiles the binding with the ops of our own, and the silencer, into a build's folder. Each source becomes an object
 * in its own compiler, so that all cores work.
 */
export async function compileBinding(
  folder: string,
  bindingFolder: string,
  tools: Prerequisites,
  progress: Progress,
): Promise<void> {
  const backend = join(bindingFolder, "binding", "tfjs_backend.cc");
  await writeFile(backend, mendSource(await readFile(backend, "utf8")));
  const kernels = (await readdir(KERNEL_FOLDER)).filter((name) => name.endsWith(".cc") && name !== "quiet.cc");
  const sources = [
    backend,
    join(bindingFolder, "binding", "tfjs_binding.cc"),
    ...kernels.map((name) => join(KERNEL_FOLDER, name)),
  ];
  const objects = join(folder, "objects");
  const output = join(bindingFolder, "lib", "napi-v8", "tfjs_binding.node");
  await mkdir(objects);
  await mkdir(dirname(output), { recursive: true });
  const include = ["-I", tools.nodeHeaders, "-I", join(bindingFolder, "deps", "include")];
  const bar = progress.bar("Compiling", sources.length + 1);
  let done = 0;
  try {
    const compiled = await eachOnACore(sources, async (source) => {
      const object = join(objects, `${basename(source)}.o`);
      await runCommand(tools.compiler, [...COMPILE, ...include, "-c", source, "-o", object]);
      bar.update(++done, basename(source));
      return object;
    });
    const link = [
      "-L",
      join(bindingFolder, "deps", "lib"),
      "-l:libtensorflow_cc.so.2",
      "-l:libtensorflow_framework.so.2",
    ];
    await runCommand(tools.compiler, ["-shared", ...compiled, ...link, "-pthread", RPATH, "-o", output]);
    const quiet = ["-shared", ...include, join(KERNEL_FOLDER, "quiet.cc"), "-o", join(folder, "quiet.node")];
    await runCommand(tools.compiler, [...COMPILE, ...quiet]);
    await rm(objects, { recursive: true });
  } finally {
    bar.end();
  }
}

/** Sums may be reordered (for vector registers), but NaN and infinity keep their meaning. */
const COMPILE = [
  ...["-std=c++17", "-O3", "-fPIC", "-pthread", "-DNAPI_VERSION=8"],
  ...["-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-fassociative-math"],
];
const RPATH = "-Wl,-rpath,$ORIGIN/../../deps/lib";

async function eachOnACore<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
