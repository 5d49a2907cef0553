import type { FusionDefinition } from "./contract.ts";

/**
 * Returns the definition as it is: only its types are fixed, so that the options `create` reads are those the schema
 * yields, and the knowledge `collate` reads is what `prepare` kept.
 */
export function defineFusion<Options, Knowledge>(
  definition: FusionDefinition<Options, Knowledge>,
): FusionDefinition<Options, Knowledge> {
  return definition;
}
