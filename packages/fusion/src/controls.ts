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
  readonly acts: "vectors" | "linker";
  vectors?(vectors: EntityVectors, streams: Streams): EntityVectors;
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
  empty: {
    summary: "No mention is linked.",
    acts: "linker",
    example: ({ mentions: _, ...example }) => example,
  },
};

/**
 * Checks that a control has something to act on in a stack.
 *
 * @throws InputError `fusion.control.idle` where no strategy of the stack reads what the control takes away
 */
export function checkControl(name: string, definitions: readonly FusionDefinition[], at: string): void {
  const control = controls[name];
  if (control === undefined || definitions.some(({ needs }) => needs.includes(control.acts))) return;
  const stack = definitions.map((definition) => definition.name).join("+");
  const what = control.acts === "vectors" ? "entity vectors" : "linked mentions";
  throw new InputError({
    code: "fusion.control.idle",
    at,
    problem: `"${stack}@${name}" equals "${stack}", which reads no ${what}`,
    fix: `Leave @${name} out`,
  });
}
