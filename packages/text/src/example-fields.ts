import { InputError, suggestion } from "@kgraft/runtime";

/** A JSON object that is being read, and where it stands. */
export interface Fields {
  readonly values: Readonly<Record<string, unknown>>;
  /** `file:line` */
  readonly at: string;
  /** The path within the line: `mentions[2]`; empty for the line itself. */
  readonly path: string;
}

/** An error at a field, with its value and what was wanted. */
export function fieldError(at: string, path: string, value: unknown, wanted: string, fix?: string): InputError {
  const shown = JSON.stringify(value) ?? "missing";
  return new InputError({
    code: "text.example.field",
    at,
    problem: value === undefined ? `${path} is missing` : `${path} is ${shorten(shown)}`,
    wanted: `Wanted ${wanted}`,
    fix,
  });
}

/** Reads an object that may hold only the known keys. */
export function readFields(value: unknown, at: string, path: string, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw fieldError(at, path === "" ? "the line" : path, value, `an object with ${known.join(", ")}`);
  for (const key of Object.keys(value))
    if (!known.includes(key))
      throw new InputError({
        code: "text.example.key",
        at,
        problem: `unknown key ${JSON.stringify(key)}${path === "" ? "" : ` in ${path}`}`,
        wanted: `Known keys: ${known.join(", ")}`,
        fix: suggestion(key, known),
      });
  return { values: value as Record<string, unknown>, at, path };
}

export function fieldPath(fields: Fields, key: string): string {
  return fields.path === "" ? key : `${fields.path}.${key}`;
}

export function readString(fields: Fields, key: string): string {
  const value = fields.values[key];
  if (typeof value !== "string") throw fieldError(fields.at, fieldPath(fields, key), value, "a string");
  return value;
}

/** A non-empty string. */
export function readName(fields: Fields, key: string): string {
  const value = readString(fields, key);
  if (value === "") throw fieldError(fields.at, fieldPath(fields, key), value, "a string that is not empty");
  return value;
}

export function readNumber(fields: Fields, key: string): number {
  const value = fields.values[key];
  if (typeof value !== "number") throw fieldError(fields.at, fieldPath(fields, key), value, "a number");
  return value;
}

/** Reads an optional field; null counts as absent. */
export function optional<Value>(fields: Fields, key: string, read: (fields: Fields, key: string) => Value) {
  return fields.values[key] == null ? undefined : read(fields, key);
}

export function readList<Value>(
  fields: Fields,
  key: string,
  wanted: string,
  read: (value: unknown, path: string) => Value,
): Value[] {
  const value = fields.values[key];
  const path = fieldPath(fields, key);
  if (!Array.isArray(value)) throw fieldError(fields.at, path, value, wanted);
  return value.map((entry, i) => read(entry, `${path}[${i}]`));
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
