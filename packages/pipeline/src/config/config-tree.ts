import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type ErrorParts, InputError, isRecord, messageOf } from "@kgraft/runtime";
import { isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from "yaml";

/** Where a value of a config was stated. */
export interface Place {
  /** `file:line:column`, or `--set path=value`. */
  readonly at: string;
  /** The folder that a relative path stated here is relative to. */
  readonly folder: string;
}

/** A config as plain values, with the place of each by dotted path (`fusion.name`, `corpus.0.path`; the root is ``). */
export interface ConfigTree {
  readonly value: Readonly<Record<string, unknown>>;
  readonly places: ReadonlyMap<string, Place>;
}

/** A value under construction. */
interface Stated {
  value: Record<string, unknown>;
  places: Map<string, Place>;
}

/**
 * Reads a YAML 1.2 file with positions, follows `extends`, and applies `--set path=value`.
 *
 * Maps merge deeply, the extending file winning; a map whose `name` changes is replaced whole, since the options of one
 * implementation mean nothing to another. `${…}` stays unexpanded; see {@link expandEnvironment}.
 *
 * @throws InputError with `file:line:column` for a missing file, broken YAML, a doubled key, a circle of `extends`
 */
export async function readConfigTree(path: string, sets: readonly string[] = []): Promise<ConfigTree> {
  const tree = await readWithExtends(path, []);
  for (const set of sets) applySet(tree, set);
  return tree;
}

async function readWithExtends(path: string, readers: readonly string[]): Promise<Stated> {
  const file = resolve(path);
  if (readers.includes(file)) {
    throw new InputError({
      code: "config.extends",
      at: path,
      problem: `extends itself through ${readers.length} file(s)`,
      fix: "Take one extends out",
    });
  }
  const own = parseYaml(path, await readText(path, readers));
  const parent = own.value.extends;
  if (parent === undefined) return own;
  const place = own.places.get("extends") as Place;
  if (typeof parent !== "string") {
    throw new InputError({
      code: "config.extends",
      at: place.at,
      problem: `config.extends is ${JSON.stringify(parent)}`,
      wanted: "Wanted the path of a YAML file",
    });
  }
  const base = await readWithExtends(resolve(dirname(path), parent), [...readers, file]);
  delete own.value.extends;
  own.places.delete("extends");
  merge(base, own, base.value, own.value, "");
  return base;
}

async function readText(path: string, readers: readonly string[]): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const problem = missing ? "no such config file" : `cannot be read: ${messageOf(cause)}`;
    const reader = readers.at(-1);
    const fix =
      reader === undefined
        ? "Give the path of a YAML file such as configs/quickstart.yaml"
        : `It is extended by ${reader}`;
    throw new InputError({ code: "config.read", at: path, problem, fix, cause });
  }
}

function parseYaml(path: string, text: string): Stated {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const [error] = document.errors;
  if (error !== undefined) {
    throw new InputError({
      code: "config.yaml",
      at: at(error.pos[0]),
      problem: `broken YAML: ${messageOf(error)}`,
      cause: error,
    });
  }
  const folder = dirname(resolve(path));
  const places = new Map<string, Place>([["", { at: path, folder }]]);
  if (document.contents !== null && !isMap(document.contents)) {
    throw new InputError({
      code: "config.yaml",
      at: at(0),
      problem: "is not a map of keys",
      wanted: "Wanted keys such as name:, graph:, fusion:",
    });
  }
  notePlaces(document.contents, "", (key, offset) => places.set(key, { at: at(offset), folder }));
  return { value: (document.toJS() ?? {}) as Record<string, unknown>, places };
}

function notePlaces(node: Node | null, path: string, note: (path: string, offset: number) => void): void {
  const child = (key: string): string => (path === "" ? key : `${path}.${key}`);
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      note(child(key), (pair.key as Node).range?.[0] ?? 0);
      notePlaces(pair.value as Node | null, child(key), note);
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      note(child(String(index)), (item as Node).range?.[0] ?? 0);
      notePlaces(item as Node, child(String(index)), note);
    }
  }
}

function merge(
  base: Stated,
  over: Stated,
  into: Record<string, unknown>,
  from: Record<string, unknown>,
  path: string,
): void {
  for (const [key, value] of Object.entries(from)) {
    const here = path === "" ? key : `${path}.${key}`;
    const old = into[key];
    if (
      isRecord(old) &&
      isRecord(value) &&
      !(value.name !== undefined && old.name !== undefined && value.name !== old.name)
    ) {
      base.places.set(here, over.places.get(here) as Place);
      merge(base, over, old, value, here);
      continue;
    }
    into[key] = value;
    forgetPlaces(base.places, here);
    for (const [place, where] of over.places)
      if (place === here || place.startsWith(`${here}.`)) base.places.set(place, where);
  }
}

function forgetPlaces(places: Map<string, Place>, path: string): void {
  for (const place of [...places.keys()]) if (place === path || place.startsWith(`${path}.`)) places.delete(place);
}

function applySet(tree: Stated, set: string): void {
  const equals = set.indexOf("=");
  const path = set.slice(0, Math.max(equals, 0)).trim();
  const bad = (parts: Pick<ErrorParts, "problem" | "fix">): never => {
    throw new InputError({
      code: "config.set",
      at: `--set ${set}`,
      wanted: "Wanted --set path=value, e.g. --set fusion.name=ernie-thu",
      ...parts,
    });
  };
  if (path === "" || path.split(".").includes("")) bad({ problem: equals < 0 ? "has no =" : "has an empty path" });
  const keys = path.split(".");
  const last = keys.pop() as string;
  let into = tree.value;
  for (const [depth, key] of keys.entries()) {
    into[key] ??= {};
    if (!isRecord(into[key]))
      bad({ problem: `config.${keys.slice(0, depth + 1).join(".")} is ${JSON.stringify(into[key])}, not a map` });
    into = into[key] as Record<string, unknown>;
  }
  try {
    into[last] = parse(set.slice(equals + 1)) as unknown;
  } catch (cause) {
    bad({ problem: `the value is broken YAML: ${messageOf(cause)}` });
  }
  forgetPlaces(tree.places, path);
  tree.places.set(path, { at: `--set ${set}`, folder: process.cwd() });
}

/** The place of a path, or of its nearest stated ancestor. */
export function placeOf(places: ReadonlyMap<string, Place>, path: string): Place {
  for (let here = path; here !== ""; here = here.includes(".") ? here.slice(0, here.lastIndexOf(".")) : "") {
    const place = places.get(here);
    if (place !== undefined) return place;
  }
  return places.get("") as Place;
}
