import type { Paper } from "@kgraft/runtime";
import { backends } from "@kgraft/tensor";
import { z } from "zod";
import { builtInModules } from "./built-in-modules.ts";
import { configJsonSchema, type JsonSchema } from "./config/json-schema.ts";
import { readConfig } from "./config/read-config.ts";
import { type AnyDefinition, Registry, type SlotName } from "./registry.ts";

/** What `kgraft list` can show, and the slot each is taken from. */
const kinds: Readonly<Record<string, SlotName>> = {
  fusion: "fusion",
  "kg-embedding": "embedding",
  linkers: "linker",
  tasks: "task",
  objectives: "objective",
  graphs: "graph",
  corpora: "corpus",
  datasets: "dataset",
};

/** What {@link listLoaded} takes: `fusion`, `linkers`, …, `backends`. */
export const listKinds: readonly string[] = [...Object.keys(kinds), "backends"];

/** One option of a definition, from the schema that the config reader uses. */
export interface ListedOption {
  readonly name: string;
  readonly type: string;
  readonly default?: unknown;
  readonly description?: string | undefined;
}

/** Something that a config can name, with its options. */
export interface ListedDefinition {
  readonly name: string;
  readonly package: string;
  readonly summary: string;
  readonly paper?: Paper | undefined;
  readonly options: readonly ListedOption[];
}

/** Lists what is loaded, of one kind or of all, with the plugins of a config where one is given. */
export async function listLoaded(
  kind?: string,
  configPath?: string,
): Promise<Readonly<Record<string, readonly ListedDefinition[]>>> {
  const registry = await loadedRegistry(configPath);
  const chosen = kind === undefined ? listKinds : [kind];
  return Object.fromEntries(
    chosen.map((one) => [one, one === "backends" ? listBackends() : listSlot(registry, kinds[one] as SlotName)]),
  );
}

/** The JSON schema of a config, for editors, with the plugins of a config where one is given. */
export async function loadedSchema(configPath?: string): Promise<JsonSchema> {
  return configJsonSchema(await loadedRegistry(configPath));
}

/** Everything that is loaded without a config, or with the plugins of one. */
export async function loadedRegistry(configPath: string | undefined): Promise<Registry> {
  return configPath === undefined ? Registry.from(builtInModules) : (await readConfig(configPath)).registry;
}

function listSlot(registry: Registry, slot: SlotName): readonly ListedDefinition[] {
  return registry.entries(slot).map(({ definition, package: source }) => ({
    name: definition.name,
    package: source,
    summary: definition.summary,
    paper: definition.paper,
    options: listOptions(definition),
  }));
}

function listBackends(): readonly ListedDefinition[] {
  return backends.map(({ name }) => ({
    name,
    package: "@kgraft/tensor",
    summary: "Best first; backend: auto takes the first that passes its self-test.",
    options: [],
  }));
}

function listOptions({ options }: AnyDefinition): readonly ListedOption[] {
  const schema = z.toJSONSchema(options, { io: "input", unrepresentable: "any" }) as {
    properties?: Record<string, { type?: string; default?: unknown; description?: string; enum?: readonly unknown[] }>;
  };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    type: property.enum?.map(String).join(" | ") ?? property.type ?? "any",
    default: property.default,
    description: property.description,
  }));
}
