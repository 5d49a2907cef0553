import { createRequire } from "node:module";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InputError, isRecord, messageOf, readJsonFileIfThere } from "@kgraft/runtime";
import { ContainerModule } from "inversify";
import { contentDigest } from "./fingerprint.ts";
import type { ModuleSource } from "./registry.ts";

/**
 * Loads npm packages (or files, `./mine.js`) whose default export is an inversify `ContainerModule`.
 *
 * @param folder the config's folder: packages are looked for from there, then beside kgraft
 * @throws InputError `plugin.load` with the cause where one is missing, throws, or exports something else
 */
export async function loadPlugins(
  names: readonly string[],
  folder: string,
  at: (index: number) => string,
): Promise<readonly ModuleSource[]> {
  const sources: ModuleSource[] = [];
  for (const [index, name] of names.entries()) {
    const url = moduleUrl(name, folder);
    const module = await loadPlugin(name, url, at(index));
    sources.push({ package: name, module, identity: await stateOf(name, url) });
  }
  return sources;
}

async function loadPlugin(name: string, url: string, at: string): Promise<ContainerModule> {
  let exported: { readonly default?: unknown };
  try {
    exported = (await import(url)) as { readonly default?: unknown };
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" && messageOf(cause).includes(name);
    throw new InputError({
      code: "plugin.load",
      at,
      problem: missing
        ? `the plugin "${name}" is not installed`
        : `the plugin "${name}" failed to load: ${messageOf(cause)}`,
      fix: missing ? `npm install ${name}` : "Mend or update the package, or take it out of plugins:",
      cause,
    });
  }
  if (isContainerModule(exported.default)) return exported.default;
  throw new InputError({
    code: "plugin.load",
    at,
    problem: `the plugin "${name}" exports ${exported.default === undefined ? "nothing by default" : `a ${typeof exported.default}`}`,
    wanted: "Wanted an inversify ContainerModule as its default export",
    fix: "export default new ContainerModule(({ bind }) => { bind(FUSION).toConstantValue(myStrategy); })",
  });
}

/** The module's address seen from the config's folder; a bare name not found there is left to Node, beside kgraft. */
function moduleUrl(name: string, folder: string): string {
  if (isPath(name)) return pathToFileURL(resolve(folder, name)).href;
  try {
    return pathToFileURL(createRequire(join(folder, "config.yaml")).resolve(name)).href;
  } catch {
    return name;
  }
}

/** Which state of a plugin is loaded: its package's version; of a file that no package of its name holds, its content. */
async function stateOf(name: string, url: string): Promise<string> {
  const file = fileURLToPath(url.startsWith("file:") ? url : import.meta.resolve(url));
  const version = isPath(name) ? undefined : await versionOf(name, dirname(file));
  return version === undefined ? `${basename(file)}#${await contentDigest(file)}` : `${name}@${version}`;
}

const isPath = (name: string): boolean => name.startsWith(".") || isAbsolute(name);

/** The version that the package of a name, or of a path within it, states above a folder. */
async function versionOf(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const found = await readJsonFileIfThere(join(folder, "package.json"), { fix: "Install the package again" });
    if (!isRecord(found) || typeof found.version !== "string") continue;
    if (name === found.name || name.startsWith(`${found.name}/`)) return found.version;
  }
  return undefined;
}

/** True for a module of any installed copy of inversify. */
function isContainerModule(value: unknown): value is ContainerModule {
  if (value instanceof ContainerModule) return true;
  return typeof value === "object" && value !== null && typeof (value as { load?: unknown }).load === "function";
}
