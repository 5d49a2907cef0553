import { dirname, resolve } from "node:path";
import { ErrorList } from "@kgraft/runtime";
import { objectiveChoices, type PretrainOptions, pretrainOptions } from "@kgraft/tasks";
import type { z } from "zod";
import { readArm } from "../arms.ts";
import { builtInModules } from "../built-in-modules.ts";
import { loadPlugins } from "../plugins.ts";
import { Registry, type SlotName } from "../registry.ts";
import { type ConfigTree, placeOf, readConfigTree } from "./config-tree.ts";
import { expandEnvironment } from "./environment.ts";
import { Problems } from "./problems.ts";
import type { Choice, GraphChoice, RunConfig, TaskChoice } from "./run-config.ts";
import { mapPaths, resolvePath } from "./schema-walk.ts";
import { hideInError, hidingSecrets, type Secrets } from "./secrets.ts";
import { graphOptions, type TopLevel, taskOptions, topLevel } from "./sections.ts";
import { writtenConfig } from "./written-config.ts";

/** What the command line may say over a config file. */
export interface ConfigOverrides {
  /** `path=value`, as written after `--set`. */
  readonly set?: readonly string[];
  readonly seed?: number | undefined;
  readonly backend?: string | undefined;
  /** Read a graph that is kept in a database again. */
  readonly refresh?: boolean | undefined;
}

/**
 * Reads, merges and checks a config; all of its errors are thrown together.
 *
 * @throws InputError or ErrorList with `file:line:column`, the config path, what was wanted, and the likely fix
 */
export async function readConfig(path: string, overrides: ConfigOverrides = {}): Promise<RunConfig> {
  const sets = [...(overrides.set ?? [])];
  if (overrides.seed !== undefined) sets.push(`seed=${overrides.seed}`);
  if (overrides.backend !== undefined) sets.push(`backend=${overrides.backend}`);
  const tree = await readConfigTree(path, sets);
  const problems = new Problems(tree.places);
  const expanded = expandEnvironment(tree);
  const registry = await hidingSecrets(expanded.secrets, () => loadRegistry(expanded.value.plugins, tree, path));
  for (const error of expanded.errors) problems.add(error);
  const top = problems.parse(topLevel, expanded.value, "");
  const config =
    top === undefined
      ? undefined
      : new Checker(tree, registry, problems, top).config(path, expanded.secrets, overrides.refresh === true);
  const [first, ...others] = problems.list.map((problem) => hideInError(problem, expanded.secrets));
  if (first !== undefined) throw others.length === 0 ? first : new ErrorList([first, ...others]);
  return config as RunConfig;
}

/** The built-ins and the plugins that a config names; a broken `plugins:` is left to the schema to complain of. */
async function loadRegistry(stated: unknown, tree: ConfigTree, path: string): Promise<Registry> {
  const names = (Array.isArray(stated) ? stated : []).filter((name) => typeof name === "string" && name !== "");
  const at = (index: number): string => `${placeOf(tree.places, `plugins.${index}`).at}: config.plugins.${index}`;
  const plugins = await loadPlugins(names, dirname(resolve(path)), at);
  return Registry.from([...builtInModules, ...plugins]);
}

class Checker {
  readonly #tree: ConfigTree;
  readonly #registry: Registry;
  readonly #problems: Problems;
  readonly #top: TopLevel;
  readonly #files = new Map<string, string>();

  constructor(tree: ConfigTree, registry: Registry, problems: Problems, top: TopLevel) {
    this.#tree = tree;
    this.#registry = registry;
    this.#problems = problems;
    this.#top = top;
  }

  config(path: string, secrets: Secrets, refresh: boolean): RunConfig {
    const top = this.#top;
    const config: RunConfig = {
      file: path,
      name: top.name,
      seed: top.seed,
      backend: top.backend,
      matmul: top.matmul,
      output:
        top.output === undefined
          ? undefined
          : (this.#paths(topLevel, { output: top.output }, "") as { output: string }).output,
      report: top.report,
      registry: this.#registry,
      graph: this.#graph(),
      refresh,
      corpus: this.#slot("corpus", "corpus", top.corpus),
      linker: this.#slot("linker", "linker", top.linker),
      embedding: this.#slot("embedding", "embedding", top.embedding),
      encoder:
        top.encoder === undefined
          ? undefined
          : (this.#paths(topLevel.shape.encoder, top.encoder, "encoder") as typeof top.encoder),
      task: this.#task(),
      pretrain: this.#pretrain(),
      strategies: this.#strategies(),
      arm: top.fusion.name,
      written: (where) => writtenConfig(this.#tree, this.#files, where),
      secrets,
    };
    this.#problems.try(() => readArm(config, config.arm, this.#problems.at("fusion.name")));
    return config;
  }

  /** A definition by its name, with its options parsed and their paths absolute; what is wrong is kept under `path`. */
  #define(
    slot: SlotName,
    name: string,
    at: string,
    stated: unknown,
    path: string,
  ): Pick<Choice, "definition" | "options"> | undefined {
    const loaded = this.#problems.try(() => this.#registry.get(slot, name, this.#problems.at(at)));
    if (loaded === undefined) return undefined;
    const { definition } = loaded;
    const parsed = this.#problems.parse(definition.options as z.ZodType, stated, path);
    return { definition, options: this.#paths(definition.options, parsed, path) };
  }

  /** A slot's choice: `name` picks, its neighbours are the options. */
  #slot(slot: SlotName, path: string, stated: Readonly<Record<string, unknown>> | undefined): Choice | undefined {
    if (stated === undefined) return undefined;
    const { name, ...options } = stated;
    const defined = this.#define(slot, String(name), `${path}.name`, options, path);
    return defined && { name: String(name), ...defined };
  }

  #graph(): GraphChoice | undefined {
    const stated = this.#top.graph;
    if (stated === undefined) return undefined;
    const [own, adapters] = take(stated, Object.keys(graphOptions.shape));
    const choice = this.#slot("graph", "graph", adapters);
    const shared = this.#problems.parse(graphOptions, own, "graph");
    return choice === undefined || shared === undefined ? undefined : { ...choice, ...shared };
  }

  #task(): TaskChoice | undefined {
    const stated = this.#top.task;
    if (stated === undefined) return undefined;
    const [own, options] = take(stated, Object.keys(taskOptions.shape));
    const choice = this.#slot("task", "task", options);
    const shared = this.#problems.parse(taskOptions, own, "task");
    const data = shared?.data === undefined ? undefined : this.#slot("dataset", "task.data", shared.data);
    return choice === undefined ? undefined : { ...choice, data };
  }

  /** Options of pre-training, each objective's own checked by its definition. */
  #pretrain(): PretrainOptions | undefined {
    const stated = this.#top.pretrain;
    if (stated === undefined) return undefined;
    const parsed = this.#problems.parse(pretrainOptions, stated, "pretrain");
    for (const [index, { name, options }] of (parsed === undefined ? [] : objectiveChoices(parsed)).entries()) {
      const path = `pretrain.objectives.${index}`;
      this.#define("objective", name, path, options, path);
    }
    return parsed;
  }

  /** Options of every strategy that the config mentions. */
  #strategies(): ReadonlyMap<string, unknown> {
    const parsed = new Map<string, unknown>();
    for (const [name, options] of Object.entries(this.#top.strategies)) {
      const path = `strategies.${name}`;
      const defined = this.#define("fusion", name, path, options, path);
      if (defined !== undefined) parsed.set(name, defined.options);
    }
    return parsed;
  }

  #paths(schema: z.ZodType, value: unknown, path: string): unknown {
    return value === undefined
      ? undefined
      : mapPaths(schema, value, (text, below) => {
          const place = [path, below].filter(Boolean).join(".");
          const file = resolvePath(text, placeOf(this.#tree.places, place).folder);
          this.#files.set(place, file);
          return file;
        });
  }
}

function take(
  stated: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): [Record<string, unknown>, Record<string, unknown>] {
  const entries = Object.entries(stated);
  return [
    Object.fromEntries(entries.filter(([key]) => keys.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !keys.includes(key))),
  ];
}
