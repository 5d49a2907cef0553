import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { messageOf } from "@kgraft/runtime";
import type * as tf from "@tensorflow/tfjs-core";
import { isNativeBuilt, LOADER_FILE, nativeFolder } from "./build-native.ts";
import { markUsed } from "./old-builds.ts";
import { BINDING_VERSION, type NativeKind } from "./recipe.ts";

/** Packages of TensorFlow.js that a user may have installed, best first. */
const INSTALLED = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** An attribute of a raw TensorFlow op, as the binding takes it. */
export interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The C++ side: TensorFlow's ops by name, and its constants. */
interface NativeBinding {
  readonly TF_Version?: string;
  readonly [constant: `TF_${string}`]: number | string | undefined;
  executeOp(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
}

/** The backend that the binding's package registers with TensorFlow.js as `tensorflow`. */
export interface NativeBackend {
  readonly binding: NativeBinding;
  readonly isUsingGpuDevice: boolean;
  executeMultipleOutputs(
    name: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

/**
 * Loads TensorFlow on the given TensorFlow.js core: an installed tfjs-node package, else a build in the cache.
 *
 * @throws Error whose message says what was tried and why each failed
 */
export function openNative(core: typeof tf): NativeBackend {
  restoreNodeFunctions();
  // Else TensorFlow fills the screen with remarks about processor flags and drivers.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  const reasons: string[] = [];
  const ways = [
    ...INSTALLED.map((name) => () => openInstalled(name)),
    ...(["cuda", "cpu"] as const).filter(isNativeBuilt).map((kind) => () => openBuilt(kind, core)),
  ];
  for (const open of ways) {
    try {
      const reason = open();
      if (reason === undefined) return core.backend() as unknown as NativeBackend;
      reasons.push(reason);
    } catch (cause) {
      reasons.push(messageOf(cause));
    }
  }
  if (ways.length === INSTALLED.length)
    reasons.push(`nothing is built in ${dirname(nativeFolder("cpu"))} (\`kgraft doctor --native\` builds it)`);
  throw new Error(reasons.join("; "));
}

/** Node 23 took `isNullOrUndefined` and `isArray` out of `util`; the binding's package calls both in nearly every op. */
export function restoreNodeFunctions(): void {
  const functions = util as unknown as Record<string, unknown>;
  functions.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined;
  functions.isArray ??= Array.isArray;
}

/** @returns why not, or undefined where it is loaded */
function openInstalled(name: string): string | undefined {
  const manifest = findManifest(name);
  if (manifest === undefined) return `${name} is not installed`;
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  if (version !== BINDING_VERSION) return `${name} is installed as ${version}; wanted ${BINDING_VERSION}`;
  if (!hasBinding(dirname(manifest)))
    return `${name} is installed without its binding (its install script did not run)`;
  createRequire(manifest)(name);
  return undefined;
}

/** Looks beside this package and in the folder of the user's project. */
function findManifest(name: string): string | undefined {
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "package.json"))]) {
    try {
      return createRequire(from).resolve(`${name}/package.json`);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    }
  }
  return undefined;
}

function hasBinding(folder: string): boolean {
  const lib = join(folder, "lib");
  return (
    existsSync(lib) && readdirSync(lib, { recursive: true }).some((file) => String(file).endsWith("tfjs_binding.node"))
  );
}

function openBuilt(kind: NativeKind, core: typeof tf): undefined {
  const folder = nativeFolder(kind);
  const load = createRequire(import.meta.url)(join(folder, LOADER_FILE)) as (core: unknown) => unknown;
  load(core);
  markUsed(folder);
  built = true;
}

let built = false;

/** Whether the native backend that was opened is our own build, which brings the ops named `Kgraft…` (for the CPU). */
export function bringsOwnOps(): boolean {
  return built;
}
