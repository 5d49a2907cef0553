import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { InputError, isTemporaryName, type Progress, silent, writeFolderAtomic } from "@kgraft/runtime";
import { cacheFolder } from "./cache-folder.ts";
import { findPrerequisites, npmCommand, type Prerequisites } from "./prerequisites.ts";
import { withProcessLock } from "./process-lock.ts";
import {
  BINDING_PACKAGE,
  dependencyPath,
  KERNEL_FOLDER,
  LOADER,
  mendSource,
  type NativeKind,
  nativeKey,
  PROOF,
  SKELETON,
  TENSORFLOW_VERSION,
  tensorFlowWheel,
} from "./recipe.ts";
import { runCommand } from "./run-command.ts";
import { extractFromWheel, fetchWheel } from "./wheel.ts";

/** The loader's file name in a build. */
export const LOADER_FILE = "load.cjs";

/** Where a build of this kind lies or would lie. */
export function nativeFolder(kind: NativeKind): string {
  return cacheFolder("native", nativeKey(kind));
}

/** Whether the build of this kind is there. */
export function isNativeBuilt(kind: NativeKind): boolean {
  return existsSync(join(nativeFolder(kind), LOADER_FILE));
}

/**
 * Builds the native backend into the cache, unless it is there: fetches TensorFlow's library as a Python wheel and the
 * binding's sources from npm, compiles, proves it in a process of its own, and puts it in place in one rename.
 *
 * @returns the folder of the build
 * @throws InputError `tensor.native.missing` naming every tool that this machine lacks; RunError where a step fails
 */
export async function buildNative({
  progress = silent,
  kind = "cpu",
}: {
  readonly progress?: Progress;
  readonly kind?: NativeKind;
} = {}): Promise<{ folder: string; built: boolean }> {
  const folder = nativeFolder(kind);
  if (isNativeBuilt(kind)) return { folder, built: false };
  const tools = await requirePrerequisites();
  const onWait = (pid: number): void => progress.note(`Process ${pid} is building the native backend; waiting for it`);
  return withProcessLock(
    `${folder}.lock`,
    async () => {
      if (isNativeBuilt(kind)) return { folder, built: false };
      await removeRemains(folder);
      await writeFolderAtomic(folder, (temporary) => build(temporary, kind, tools, progress));
      return { folder, built: true };
    },
    onWait,
  );
}

async function requirePrerequisites(): Promise<Prerequisites> {
  const { found, missing } = await findPrerequisites();
  if (missing.length === 0) return found as Prerequisites;
  throw new InputError({
    code: "tensor.native.missing",
    at: "tensor.buildNative",
    problem: `the native backend cannot be built here; it needs ${missing.join(" and ")}`,
    fix: "Everything works without it, on WebAssembly, only slower",
  });
}

/** What a killed build of the same folder left. */
async function removeRemains(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  for (const name of await readdir(dirname(folder)))
    if (name.startsWith(`${basename(folder)}.`) && isTemporaryName(name))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
}

async function build(folder: string, kind: NativeKind, tools: Prerequisites, progress: Progress): Promise<void> {
  const bindingFolder = join(folder, "node_modules", BINDING_PACKAGE);
  await installBinding(folder, progress);
  await unpackLibrary(folder, join(bindingFolder, "deps"), kind, progress);
  await compile(folder, bindingFolder, tools, progress);
  await prove(folder, progress);
}

async function installBinding(folder: string, progress: Progress): Promise<void> {
  const bar = progress.bar(`Installing ${BINDING_PACKAGE} (sources)`, 0);
  for (const [path, content] of Object.entries(SKELETON)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await writeFile(join(folder, LOADER_FILE), LOADER);
  try {
    await runCommand(npmCommand(), ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"], {
      cwd: folder,
      env: withoutNpmState(process.env),
      fix: "Check that npm reaches its registry",
    });
  } finally {
    bar.end();
  }
}

/** Under `npm start` npm tells its children about the outer project; the inner install must not read that. */
function withoutNpmState(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const outer = /^npm_(package|lifecycle|config_(local_prefix|prefix|workspace|workspaces|omit|include|global))/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !outer.test(name)));
}

async function unpackLibrary(folder: string, deps: string, kind: NativeKind, progress: Progress): Promise<void> {
  const downloads = join(folder, "download");
  const wheel = await fetchWheel(tensorFlowWheel(kind), downloads, progress);
  await extractFromWheel(
    wheel,
    (name) => {
      const path = dependencyPath(name);
      return path === undefined ? undefined : join(deps, path);
    },
    progress,
  );
  await rm(downloads, { recursive: true });
  // The binding's own loader looks for these names.
  await symlink("libtensorflow_cc.so.2", join(deps, "lib", "libtensorflow.so"));
  await symlink("libtensorflow_framework.so.2", join(deps, "lib", "libtensorflow_framework.so"));
}

/** Each source becomes an object in its own compiler, so that all cores work. */
async function compile(folder: string, bindingFolder: string, tools: Prerequisites, progress: Progress): Promise<void> {
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

async function prove(folder: string, progress: Progress): Promise<void> {
  const bar = progress.bar("Trying it", 0);
  const core = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core");
  try {
    await runCommand(process.execPath, ["-e", PROOF, join(folder, LOADER_FILE), core], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
    });
  } finally {
    bar.end(`TensorFlow ${TENSORFLOW_VERSION} works`);
  }
}
