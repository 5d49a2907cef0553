import { InputError, suggestion } from "@kgraft/runtime";
import type { z } from "zod";
import { type Place, placeOf } from "./config-tree.ts";
import { knownKeys } from "./schema-walk.ts";

/** Collects everything that is wrong with one config, each with its place. */
export class Problems {
  readonly list: InputError[] = [];
  readonly #places: ReadonlyMap<string, Place>;

  constructor(places: ReadonlyMap<string, Place>) {
    this.#places = places;
  }

  /** `file:line:column: config.path`, the nearest place that the config states. */
  at(path: string): string {
    const place = placeOf(this.#places, path);
    return path === "" ? place.at : `${place.at}: config.${path}`;
  }

  add(error: InputError): void {
    this.list.push(error);
  }

  /** Runs a check that throws; its InputError is kept and undefined returned. */
  try<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.add(error);
      return undefined;
    }
  }

  /** Parses options by their schema; what is wrong is kept under `path`. */
  parse<T>(schema: z.ZodType<T>, value: unknown, path: string): T | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.#addIssue(schema, value, issue, path);
    return undefined;
  }

  #addIssue(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue, path: string): void {
    const here = [path, ...issue.path.map(String)].filter((part) => part !== "").join(".");
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) this.#addUnknownKey(schema, issue.path, here, key);
      return;
    }
    const given = valueAt(value, issue.path);
    const problem =
      given === undefined && issue.code === "invalid_type"
        ? "is missing"
        : issue.code === "custom"
          ? issue.message
          : `is ${show(given)}`;
    const wanted = issue.code === "custom" ? undefined : `Wanted ${wantedBy(issue)}`;
    this.add(new InputError({ code: "config.value", at: this.at(here), problem, wanted }));
  }

  #addUnknownKey(schema: z.ZodType, path: readonly PropertyKey[], parent: string, key: string): void {
    const known = knownKeys(schema, path);
    const full = parent === "" ? key : `${parent}.${key}`;
    const wanted = known.length === 0 ? "Nothing is legal here" : `Known here: ${known.join(", ")}`;
    this.add(
      new InputError({
        code: "config.unknown-key",
        at: this.at(full),
        problem: `unknown key "${key}"`,
        wanted,
        fix: suggestion(key, known),
      }),
    );
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = (here as Record<PropertyKey, unknown> | undefined)?.[key];
  return here;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function wantedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `a value of type ${issue.expected}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => String(value)).join(", ")}`;
    case "too_small":
      return `${issue.inclusive ? "at least" : "more than"} ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `${issue.inclusive ? "at most" : "less than"} ${issue.maximum}${unit(issue.origin)}`;
    case "invalid_union":
      return (
        [...new Set(issue.errors.flat().map((one) => wantedBy(one as z.core.$ZodIssue)))].join(", or ") || issue.message
      );
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}
