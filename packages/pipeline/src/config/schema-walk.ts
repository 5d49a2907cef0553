import { resolve } from "node:path";
import { isRecord } from "@kgraft/runtime";
import type { z } from "zod";

/** The parts of a zod schema's definition that walking needs. */
interface SchemaDefinition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

function definitionOf(schema: z.ZodType): SchemaDefinition {
  return schema.def as unknown as SchemaDefinition;
}

/** The schemas a value may be checked by, without optional, default, pipe and union around them. */
function alternatives(schema: z.ZodType): readonly z.ZodType[] {
  const { innerType, in: input, options } = definitionOf(schema);
  if (options !== undefined) return options.flatMap(alternatives);
  const inner = innerType ?? input;
  return inner === undefined ? [schema] : alternatives(inner);
}

function children(schema: z.ZodType, key: string): readonly z.ZodType[] {
  return alternatives(schema).flatMap((one) => {
    const { shape, element, valueType } = definitionOf(one);
    const child = shape?.[key] ?? element ?? valueType;
    return child === undefined ? [] : [child];
  });
}

/** The keys that the object at a path of a schema knows. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let here: readonly z.ZodType[] = [schema];
  for (const key of path) here = here.flatMap((one) => children(one, String(key)));
  return [...new Set(here.flatMap(alternatives).flatMap((one) => Object.keys(definitionOf(one).shape ?? {})))];
}

function isPath(schema: z.ZodType): boolean {
  const marked = (one: z.ZodType): boolean => one.meta()?.kgraftPath === true;
  return marked(schema) || alternatives(schema).some(marked);
}

/** Copies a value with its path options (marked by `pathOption`) mapped. */
export function mapPaths(
  schema: z.ZodType,
  value: unknown,
  map: (text: string, path: string) => string,
  path = "",
): unknown {
  if (typeof value === "string") return isPath(schema) ? map(value, path) : value;
  const below = (key: string, item: unknown): unknown => {
    const [child] = children(schema, key);
    return child === undefined ? item : mapPaths(child, item, map, path === "" ? key : `${path}.${key}`);
  };
  if (Array.isArray(value)) return value.map((item, index) => below(String(index), item));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, below(key, item)]));
  return value;
}

/** Makes a path absolute; `file:DIR` keeps its prefix, other schemes (`pypi:`, `hf:`) are left. */
export function resolvePath(value: string, folder: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/.exec(value)?.[1];
  if (scheme === undefined) return resolve(folder, value);
  return scheme === "file" ? `file:${resolve(folder, value.slice("file:".length))}` : value;
}
