import { InputError } from "@kgraft/runtime";
import type { Claim, FusionDefinition } from "./contract.ts";

const claimed: Readonly<Record<Claim, string>> = {
  text: "rewrite the text",
  pieces: "put pieces of their own between those of the text",
  attention: "set positions and visibility",
  layer: "change the inside of layers",
  output: "put states of their own in place of the last layer's",
};

/**
 * Checks that strategies can stand on one encoder together.
 *
 * @throws InputError `fusion.stack` with the reason where they cannot
 */
export function checkStack(definitions: readonly FusionDefinition[], at: string): void {
  for (const claim of Object.keys(claimed) as Claim[]) {
    const both = definitions.filter(({ claims }) => claims.includes(claim)).map(({ name }) => `"${name}"`);
    if (both.length > 1) throw refused(definitions, at, `${both.join(" and ")} both ${claimed[claim]}`);
  }
  const [first] = definitions;
  const shared = first?.accepts.filter((kind) => definitions.every(({ accepts }) => accepts.includes(kind)));
  if (shared?.length === 0) {
    const each = definitions.map(({ name, accepts }) => `"${name}" takes ${accepts.join(" or ")} examples`);
    throw refused(definitions, at, each.join(", "));
  }
}

function refused(definitions: readonly FusionDefinition[], at: string, problem: string): InputError {
  return new InputError({
    code: "fusion.stack",
    at,
    problem: `"${definitions.map(({ name }) => name).join("+")}" cannot stand on one encoder: ${problem}`,
    wanted: "Strategies of a stack must change different things",
  });
}
