import { InputError, isRecord } from "@kgraft/runtime";
import { type ConfigTree, placeOf } from "./config-tree.ts";
import type { Secrets } from "./secrets.ts";

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** A config whose `${NAME}` were put in, and the values that must never be shown, each with its `${NAME}`. */
export interface Expanded {
  readonly value: Readonly<Record<string, unknown>>;
  readonly secrets: Secrets;
  readonly errors: readonly InputError[];
}

/** Puts environment variables into the strings of a config; the tree itself keeps `${NAME}` for what is written. */
export function expandEnvironment(tree: ConfigTree, environment: NodeJS.ProcessEnv = process.env): Expanded {
  const secrets = new Map<string, string>();
  const errors: InputError[] = [];
  const expand = (value: unknown, path: string): unknown => {
    if (typeof value === "string") {
      return value.replace(VARIABLE, (_, name: string) => {
        const found = environment[name];
        if (found === undefined) {
          errors.push(
            new InputError({
              code: "config.environment",
              at: `${placeOf(tree.places, path).at}: config.${path}`,
              problem: `the environment variable ${name} is not set`,
              fix: `Set it, e.g. export ${name}=…`,
            }),
          );
          return "";
        }
        if (found !== "") secrets.set(found, `\${${name}}`);
        return found;
      });
    }
    if (Array.isArray(value)) return value.map((item, index) => expand(item, `${path}.${index}`));
    if (isRecord(value))
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, expand(item, path === "" ? key : `${path}.${key}`)]),
      );
    return value;
  };
  return { value: expand(tree.value, "") as Record<string, unknown>, secrets, errors };
}
