import { InputError, messageOf } from "@kgraft/runtime";
import type { Entity } from "../graph.ts";
import type { EntityMapping } from "./neo4j-options.ts";
import { plainValue } from "./stored-values.ts";

/** A node's values by the columns of an entity query. */
export interface EntityRow {
  readonly id: unknown;
  readonly element?: unknown;
  readonly labels?: unknown;
  readonly text?: unknown;
  readonly aliases?: unknown;
  readonly description?: unknown;
  readonly types?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A row of an entity query by its columns. */
export function entityRow(columns: readonly string[], row: readonly unknown[]): EntityRow {
  const fields: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) fields[columns[i] as string] = row[i];
  return fields as unknown as EntityRow;
}

/** How the fields of {@link EntityRow} are called where the values come from, for errors. */
export type FieldNames = Partial<Pick<EntityMapping, "text" | "aliases" | "description" | "types">>;

/** The id as the graph writes it, or undefined where it cannot be one. */
export function idText(id: unknown): string | undefined {
  if (typeof id === "bigint") return String(id);
  return typeof id === "string" && id !== "" ? id : undefined;
}

/**
 * Makes an entity of a row.
 *
 * @param at names the node, in errors
 * @throws InputError `kg.neo4j.property` where a value is of a wrong type
 */
export function entityOf(row: EntityRow, names: FieldNames, mapping: Partial<EntityMapping>, at: string): Entity {
  const id = idText(row.id) as string;
  const field = new FieldReader(row, names, at);
  const [label = id, ...otherTexts] = field.texts("text").filter((text) => text !== "");
  const description = field.text("description");
  const aliases = [...otherTexts, ...field.texts("aliases")].filter((alias) => alias !== "");
  return {
    id,
    label,
    aliases: distinct(aliases),
    ...(description === undefined ? {} : { description }),
    types: distinct([...field.texts("types"), ...labelTypes(row.labels, mapping.label)]),
    properties: row.properties === undefined ? {} : properties(row.properties, mapping, at),
  };
}

function distinct(texts: readonly string[]): readonly string[] {
  return texts.length < 2 ? texts : [...new Set(texts)];
}

function labelTypes(labels: unknown, mapped: string | readonly string[] | undefined): readonly string[] {
  if (!Array.isArray(labels)) return [];
  return (labels as string[]).filter((label) => label !== mapped).sort();
}

class FieldReader {
  readonly #row: EntityRow;
  readonly #names: FieldNames;
  readonly #at: string;

  constructor(row: EntityRow, names: FieldNames, at: string) {
    this.#row = row;
    this.#names = names;
    this.#at = at;
  }

  text(field: keyof FieldNames): string | undefined {
    const value = this.#row[field] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(field, value, "a string");
  }

  texts(field: keyof FieldNames): readonly string[] {
    const value = this.#row[field] ?? undefined;
    if (value === undefined) return [];
    if (typeof value === "string") return [value];
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw this.#wrong(field, value, "a string or a list of strings");
  }

  #wrong(field: keyof FieldNames, value: unknown, wanted: string): InputError {
    return new InputError({
      code: "kg.neo4j.property",
      at: this.#at,
      problem: `property "${this.#names[field] ?? field}", mapped to ${field}, is ${short(value)}`,
      wanted: `Wanted ${wanted}`,
      fix: "Map another property, or choose the nodes with graph.entities.where",
    });
  }
}

function properties(
  given: Readonly<Record<string, unknown>>,
  { id, text, aliases, description, types, json = [] }: Partial<EntityMapping>,
  at: string,
): Readonly<Record<string, unknown>> {
  const mapped = new Set([id, text, aliases, description, types]);
  const kept: [string, unknown][] = [];
  for (const name of Object.keys(given).sort()) {
    const value = given[name];
    if (value === null || value === undefined) continue;
    if (json.includes(name)) kept.push([name, parsed(name, value, at)]);
    else if (!mapped.has(name)) kept.push([name, plainValue(value)]);
  }
  return Object.fromEntries(kept);
}

function parsed(name: string, value: unknown, at: string): unknown {
  const wrong = (problem: string) =>
    new InputError({
      code: "kg.neo4j.json",
      at,
      problem: `property "${name}" is ${short(value)}${problem}`,
      wanted: "Wanted text that is JSON, since graph.entities.json names it",
    });
  if (typeof value !== "string") throw wrong("");
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw wrong(`: ${messageOf(cause)}`);
  }
}

/** A value for an error message, not too long. */
export function short(value: unknown): string {
  const text = JSON.stringify(plainValue(value)) ?? "missing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
