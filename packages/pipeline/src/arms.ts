import {
  type Arm,
  type Control,
  checkControl,
  checkStack,
  controls,
  type FusionDefinition,
  parseArm,
} from "@kgraft/fusion";
import { InputError } from "@kgraft/runtime";
import type { TaskDefinition } from "@kgraft/tasks";
import type { RunConfig } from "./config/run-config.ts";
import type { CorpusDefinition } from "./corpora/corpus-definition.ts";

/** An arm whose strategies are loaded, fit together, and have what they need. */
export interface CheckedArm extends Arm {
  readonly definitions: readonly FusionDefinition[];
}

/** The sections of a config by which a strategy's needs are met, and what the need is called. */
const metBy = {
  graph: { sections: ["graph"], called: "a graph" },
  vectors: { sections: ["graph", "embedding"], called: "entity vectors" },
  linker: { sections: ["graph", "linker"], called: "linked text" },
} as const;

/**
 * Reads an arm such as `ernie-thu@random` against a config.
 *
 * @param at where it was written, for messages
 * @throws InputError for an unknown strategy or control, a stack that does not fit, or a section that is missing
 */
export function readArm(config: RunConfig, name: string, at: string): CheckedArm {
  const arm = parseArm(name, config.registry.names("fusion"), at);
  const definitions = arm.strategies.map(
    (strategy) => config.registry.get("fusion", strategy, at).definition as FusionDefinition,
  );
  checkStack(definitions, at);
  if (arm.control !== undefined) checkControl(arm.control, definitions, at);
  for (const definition of definitions) checkNeeds(config, definition, at);
  for (const section of ["task", "corpus"] as const) checkExamples(config, section, definitions, at);
  return { ...arm, definitions };
}

/** The control that an arm is under. */
export function controlOf({ control }: CheckedArm): Control | undefined {
  return control === undefined ? undefined : controls[control];
}

function checkNeeds(config: RunConfig, definition: FusionDefinition, at: string): void {
  for (const need of definition.needs) {
    const { sections, called } = metBy[need];
    const missing = sections.filter((section) => config[section] === undefined);
    if (missing.length === 0) continue;
    throw new InputError({
      code: "config.needs",
      at,
      problem: `${definition.name} needs ${called}, but the config has no ${missing.join(" and no ")}`,
      fix: `Add ${missing.map((section) => `${section}:`).join(" and ")}`,
    });
  }
}

/** Pairs without sense are refused, with the strategies that fit. */
function checkExamples(
  { registry, ...config }: RunConfig,
  section: "task" | "corpus",
  definitions: readonly FusionDefinition[],
  at: string,
): void {
  const source = config[section]?.definition as TaskDefinition | CorpusDefinition | undefined;
  if (source === undefined) return;
  const unfit = definitions.find(({ accepts }) => !accepts.includes(source.examples));
  if (unfit === undefined) return;
  const fitting = registry
    .names("fusion")
    .filter((name) =>
      (registry.get("fusion", name, at).definition as FusionDefinition).accepts.includes(source.examples),
    );
  throw new InputError({
    code: "config.examples",
    at,
    problem: `"${unfit.name}" takes ${unfit.accepts.join(" and ")} examples, the ${section} "${source.name}" gives ${source.examples} examples`,
    wanted: `Wanted one of ${fitting.join(", ")}`,
  });
}
