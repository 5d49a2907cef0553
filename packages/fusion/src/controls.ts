import { type Graph, rewired } from "@kgraft/kg";
import { type EntityVectors, randomVectors, shuffledVectors } from "@kgraft/kg-embedding";
import { InputError, type Streams } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import type { FusionDefinition } from "./contract.ts";

/**
 * A control of a strategy: the same model, budget and seeds with the knowledge taken out, so that what remains of a gain
 * is parameters and not knowledge.
 */
export interface Control {
  readonly summary: string;
  /** Resources or inputs without which there is nothing to take out. */
  readonly acts: "vectors" | "graph" | "linker";
  vectors?(vectors: EntityVectors, streams: Streams): EntityVectors;
  graph?(graph: Graph, streams: Streams): Promise<Graph>;
  example?(example: TextExample): TextExample;
}

/** The controls by the name that stands behind the @. */
export const controls: Readonly<Record<string, Control>> = {
  random: {
    summary: "Every entity has a fixed random vector of the same mean length instead of its own.",
    acts: "vectors",
    vectors: randomVectors,
  },
  shuffled: {
    summary: "The entities' vectors are dealt out anew: every entity has another's.",
    acts: "vectors",
    vectors: shuffledVectors,
  },
  rewired: {
    summary: "Within each relation the tails are dealt out anew: every triple has another's.",
    acts: "graph",
    graph: rewired,
  },
  empty: {
    summary: "No mention is linked.",
    acts: "linker",
    example: ({ mentions: _, ...example }) => example,
  },
};

const called: Readonly<Record<Control["acts"], string>> = {
  vectors: "entity vectors",
  graph: "triples of the graph",
  linker: "linked mentions",
};

/**
 * Checks that a control has something to act on in a stack.
 *
 * @throws InputError `fusion.control.idle` where no strategy of the stack reads what the control takes away
 */
export function checkControl(name: string, definitions: readonly FusionDefinition[], at: string): void {
  const control = controls[name];
  if (control === undefined || definitions.some((definition) => reads(definition, control.acts))) return;
  const stack = definitions.map((definition) => definition.name).join("+");
  throw new InputError({
    code: "fusion.control.idle",
    at,
    problem: `"${stack}@${name}" equals "${stack}", which reads no ${called[control.acts]}`,
    fix: `Leave @${name} out`,
  });
}

/** Whether a strategy reads something where it is there, whether or not it can do without. */
export function reads({ needs, usesGraph = false }: FusionDefinition, what: Control["acts"]): boolean {
  return needs.includes(what) || (what === "graph" && usesGraph);
}
