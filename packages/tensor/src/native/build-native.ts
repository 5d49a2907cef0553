import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError, type Progress, silent } from "@kgraft/runtime";
import { buildFolder } from "./build-folder.ts";
import { cacheFolder } from "./cache-folder.ts";
import { compileBinding } from "./compile-binding.ts";
import { removeOldBuilds } from "./old-builds.ts";
import { findPrerequisites, npmCommand, type Prerequisites } from "./prerequisites.ts";
import { BINDING_PACKAGE, LOADER, type NativeKind, nativeKey, PROOF, SKELETON, TENSORFLOW_VERSION } from "./recipe.ts";
import { runCommand } from "./run-command.ts";
import { ensureLibrary, isLibraryThere, libraryFolder } from "./tensorflow-library.ts";

/** The loader's file name in a build. */
export const LOADER_FILE = "load.cjs";

/** What a build came to. */
export interface NativeBuild {
  readonly folder: string;
  /** False where it was there already. */
  readonly built: boolean;
  /** Folders of older builds that were removed. */
  readonly removed: readonly string[];
}

/** Where a build of this kind lies or would lie. */
export function nativeFolder(kind: NativeKind): string {
  return cacheFolder("native", nativeKey(kind));
}

/** Whether the build of this kind is there, with its library. */
export function isNativeBuilt(kind: NativeKind): boolean {
  return existsSync(join(nativeFolder(kind), LOADER_FILE)) && isLibraryThere(kind);
}

/**
 * Builds the native backend into the cache, unless it is there: fetches TensorFlow's library as a Python wheel and the
 * binding's sources from npm, compiles, proves it in a process of its own, and puts it in place in one rename.
 *
 * The library (850 MB) has a folder of its own, so that another version of kgraft or Node builds anew in seconds.
 *
 * Builds of other versions are then removed, but for the one used last.
 *
 * @throws InputError `tensor.native.missing` naming every tool that this machine lacks; RunError where a step fails
 */
export async function buildNative({
  progress = silent,
  kind = "cpu",
}: {
  readonly progress?: Progress;
  readonly kind?: NativeKind;
} = {}): Promise<NativeBuild> {
  const folder = nativeFolder(kind);
  if (isNativeBuilt(kind)) return { folder, built: false, removed: await removeOldBuilds() };
  const tools = await requirePrerequisites();
  await ensureLibrary(kind, progress);
  const built = await buildFolder(
    folder,
    () => isNativeBuilt(kind),
    (temporary) => build(temporary, kind, tools, progress),
    progress,
  );
  return { folder, built, removed: await removeOldBuilds() };
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

async function build(folder: string, kind: NativeKind, tools: Prerequisites, progress: Progress): Promise<void> {
  const bindingFolder = join(folder, "node_modules", BINDING_PACKAGE);
  await installBinding(folder, progress);
  await symlink(libraryFolder(kind), join(bindingFolder, "deps"));
  await compileBinding(folder, bindingFolder, tools, progress);
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
