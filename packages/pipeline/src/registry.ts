import { LINKER } from "@kgraft/entity-linking";
import { FUSION } from "@kgraft/fusion";
import { GRAPH } from "@kgraft/kg";
import { KG_EMBEDDING } from "@kgraft/kg-embedding";
import { type Definition, InputError, messageOf, suggestion } from "@kgraft/runtime";
import { OBJECTIVE, TASK } from "@kgraft/tasks";
import { Container, type ContainerModule } from "inversify";
import { CORPUS } from "./corpora/tokens.ts";
import { DATASET } from "./datasets/tokens.ts";

/** A definition whatever it is made from and into. */
// biome-ignore lint/suspicious/noExplicitAny: a slot holds definitions of every option type; each parses its own options
export type AnyDefinition = Definition<any, any, any>;

/** A definition and the package that bound it. */
export interface Loaded<D extends AnyDefinition = AnyDefinition> {
  readonly definition: D;
  readonly package: string;
}

/** The slots of a config that a `name` picks from, with the service identifier that fills each. */
const slotIdentifiers = {
  graph: GRAPH,
  corpus: CORPUS,
  linker: LINKER,
  embedding: KG_EMBEDDING,
  fusion: FUSION,
  objective: OBJECTIVE,
  task: TASK,
  dataset: DATASET,
} as const;

/** A slot of a config. */
export type SlotName = keyof typeof slotIdentifiers;

/** What a slot's things are called in messages. */
const nouns: Readonly<Record<SlotName, string>> = {
  graph: "graph adapter",
  corpus: "corpus",
  linker: "linker",
  embedding: "KG embedding",
  fusion: "fusion strategy",
  objective: "pre-training objective",
  task: "task",
  dataset: "data set",
};

/** A module of definitions and the package it came from. */
export interface ModuleSource {
  readonly package: string;
  readonly module: ContainerModule;
  /** Which state of a plugin it is: `name@version`, or the name and a digest of a lone file. Absent for what is built in. */
  readonly identity?: string | undefined;
}

/** Everything that can be chosen by name, built-ins and plugins alike. */
export class Registry {
  /** The states of the plugins that are loaded: results may depend on each. */
  readonly plugins: readonly string[];
  readonly #slots: ReadonlyMap<SlotName, ReadonlyMap<string, Loaded>>;

  private constructor(slots: ReadonlyMap<SlotName, ReadonlyMap<string, Loaded>>, plugins: readonly string[]) {
    this.#slots = slots;
    this.plugins = plugins;
  }

  /**
   * Collects what each module binds.
   *
   * @throws InputError `plugin.module` where a module cannot be loaded, `plugin.twice` where two packages bind one name
   */
  static async from(sources: readonly ModuleSource[]): Promise<Registry> {
    const slots = new Map<SlotName, Map<string, Loaded>>();
    for (const slot of Object.keys(slotIdentifiers) as SlotName[]) slots.set(slot, new Map());
    for (const source of sources) {
      const container = await loadAlone(source);
      for (const [slot, found] of slots) {
        const identifier = slotIdentifiers[slot];
        if (!container.isBound(identifier)) continue;
        for (const definition of container.getAll<AnyDefinition>(identifier))
          add(found, slot, definition, source.package);
      }
    }
    const plugins = sources.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
    return new Registry(slots, plugins.sort());
  }

  names(slot: SlotName): readonly string[] {
    return [...(this.#slots.get(slot)?.keys() ?? [])].sort();
  }

  /** All of a slot, sorted by name. */
  entries(slot: SlotName): readonly Loaded[] {
    return this.names(slot).map((name) => this.find(slot, name) as Loaded);
  }

  find(slot: SlotName, name: string): Loaded | undefined {
    return this.#slots.get(slot)?.get(name);
  }

  /** @throws InputError `config.unknown-name` naming what is loaded and what was probably meant */
  get(slot: SlotName, name: string, at: string): Loaded {
    const found = this.find(slot, name);
    if (found !== undefined) return found;
    throw new InputError({
      code: "config.unknown-name",
      at,
      problem: `no ${nouns[slot]} "${name}"`,
      wanted: `Loaded: ${this.names(slot).join(", ")}`,
      fix: suggestion(name, this.names(slot)) ?? "A plugin that brings it is named under plugins:",
    });
  }
}

async function loadAlone({ package: name, module }: ModuleSource): Promise<Container> {
  const container = new Container({ defaultScope: "Singleton" });
  try {
    await container.load(module);
  } catch (cause) {
    throw new InputError({
      code: "plugin.module",
      at: `plugins: ${name}`,
      problem: `its container module failed: ${messageOf(cause)}`,
      fix: "Ask the package's author, or take it out of plugins:",
      cause,
    });
  }
  return container;
}

function add(found: Map<string, Loaded>, slot: SlotName, definition: AnyDefinition, source: string): void {
  const other = found.get(definition.name);
  if (other !== undefined) {
    throw new InputError({
      code: "plugin.twice",
      at: "plugins",
      problem: `two packages bind the ${nouns[slot]} "${definition.name}": ${other.package} and ${source}`,
      wanted: "Wanted one of each name",
      fix: "Take one of them out of plugins:",
    });
  }
  found.set(definition.name, { definition, package: source });
}
