import { InputError } from "@kgraft/runtime";
import type { EntityTable } from "./entity-table.ts";
import type { ErnieThuOptions } from "./options.ts";

/** Entities among which the aligned one is to be found, by rows of the entity table; "no entity" (0) is the first. */
export interface Candidates {
  /** Ascending. */
  readonly rows: readonly number[];
  /** Index of a row among them; undefined for an entity that is no candidate. */
  readonly indexOf: ReadonlyMap<number, number>;
  /** Whether they are all rows of the table. */
  readonly whole?: boolean;
}

/** Candidates of these rows of the entity table. */
export function candidatesOf(rows: Iterable<number>): Candidates {
  const sorted = [...new Set(rows).add(0)].sort((a, b) => a - b);
  return { rows: sorted, indexOf: new Map(sorted.map((row, index) => [row, index])) };
}

/**
 * Finds the candidates of every batch where the options state them; undefined where they are the batch's own.
 *
 * @throws InputError `fusion.ernie-thu.candidates` where one has no vector
 */
export function statedCandidates(
  stated: ErnieThuOptions["candidates"],
  { array, rowOf }: EntityTable,
): Candidates | undefined {
  if (stated === "batch") return undefined;
  if (stated === "all") {
    const rows = Array.from({ length: array.shape[0] as number }, (_, row) => row);
    return { ...candidatesOf(rows), whole: true };
  }
  return candidatesOf(
    stated.map((entity) => {
      const row = rowOf(entity);
      if (row === undefined) throw withoutVector(entity);
      return row;
    }),
  );
}

function withoutVector(entity: string): InputError {
  return new InputError({
    code: "fusion.ernie-thu.candidates",
    at: "config.strategies.ernie-thu.candidates",
    problem: `"${entity}" has no vector`,
    wanted: "Wanted entities that the embedding holds",
  });
}
