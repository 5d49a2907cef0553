import type { Entity } from "@kgraft/kg";
import { InputError } from "@kgraft/runtime";

/** An alias with what speaks for it. */
export interface WeightedAlias {
  readonly alias: string;
  readonly weight: number;
}

const aliasFactor = 0.7;

/**
 * Lists label and aliases of an entity with their weights: the entity's own counts where it has them (0 for an alias
 * that they lack), else 1 for the label and 0.7 for an alias, to be multiplied by the entity's degree.
 *
 * @param source the graph, for errors
 * @throws InputError `linking.aliasWeights`
 */
export function weightedAliases(
  entity: Entity,
  source: string,
): { aliases: readonly WeightedAlias[]; counted: boolean } {
  const names = [...new Set([entity.label, ...entity.aliases])];
  const counts = entity.properties.aliasWeights;
  if (counts === undefined || counts === null) {
    const weightOf = (alias: string) => (alias === entity.label ? 1 : aliasFactor);
    return { aliases: names.map((alias) => ({ alias, weight: weightOf(alias) })), counted: false };
  }
  const weights = readCounts(counts, entity.id, source);
  return { aliases: names.map((alias) => ({ alias, weight: weights.get(alias) ?? 0 })), counted: true };
}

function readCounts(counts: unknown, id: string, source: string): Map<string, number> {
  const broken = (problem: string) =>
    new InputError({
      code: "linking.aliasWeights",
      at: source,
      problem: `entity ${JSON.stringify(id)}: properties.aliasWeights${problem}`,
      wanted: "Wanted an object of aliases with numbers of 0 or more",
    });
  if (typeof counts !== "object" || counts === null || Array.isArray(counts))
    throw broken(` is ${JSON.stringify(counts)}`);
  const weights = new Map<string, number>();
  for (const [alias, weight] of Object.entries(counts)) {
    if (typeof weight !== "number" || !Number.isFinite(weight) || weight < 0)
      throw broken(`[${JSON.stringify(alias)}] is ${JSON.stringify(weight)}`);
    weights.set(alias, weight);
  }
  return weights;
}
