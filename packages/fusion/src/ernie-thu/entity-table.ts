import { type EntityVectors, scaleVectors } from "@kgraft/kg-embedding";
import { InputError } from "@kgraft/runtime";
import type { HostArray } from "@kgraft/tensor";
import type { ErnieThuOptions } from "./options.ts";

/** The entity vectors as the model reads them: row 0 is the zero vector of "no entity", entity i stands in row i + 1. */
export interface EntityTable {
  /** E */
  readonly dimension: number;
  /** float32 [N + 1, E] */
  readonly array: HostArray;
  /** Row of an entity from 1 up; undefined where it has no vector. */
  rowOf(entity: string): number | undefined;
  /** The entity of a row; null for row 0. */
  entityOf(row: number): string | null;
}

/**
 * Scales the entity vectors and puts the zero row in front.
 *
 * @throws InputError `fusion.ernie-thu.vectors` without vectors, `fusion.ernie-thu.heads` where the heads do not divide E,
 *   `kg-embedding.vectors` where all vectors are zero and a length is wanted
 */
export function entityTable(
  vectors: EntityVectors | undefined,
  { vectorNorm, entityHeads }: Pick<ErnieThuOptions, "vectorNorm" | "entityHeads">,
): EntityTable {
  if (vectors === undefined || vectors.ids.length === 0) throw noVectors(vectors);
  const { dimension, row } = vectors;
  if (dimension % entityHeads !== 0) throw headsDoNotDivide(dimension, entityHeads);
  const { values } = vectorNorm === "as-given" ? vectors : scaleVectors(vectors, { meanNorm: vectorNorm });
  const data = new Float32Array((vectors.ids.length + 1) * dimension);
  data.set(values, dimension);
  return {
    dimension,
    array: { dtype: "float32", shape: [vectors.ids.length + 1, dimension], data },
    rowOf(entity) {
      const found = row.get(entity);
      return found === undefined ? undefined : found + 1;
    },
    entityOf: (row) => (row === 0 ? null : (vectors.ids[row - 1] as string)),
  };
}

function noVectors(vectors: EntityVectors | undefined): InputError {
  return new InputError({
    code: "fusion.ernie-thu.vectors",
    at: "config.fusion",
    problem: vectors === undefined ? "ernie-thu has no entity vectors" : "ernie-thu was given 0 entity vectors",
    wanted: "It feeds a vector for each linked entity into the encoder",
    fix: "Name a graph and an embedding in the config",
  });
}

function headsDoNotDivide(dimension: number, heads: number): InputError {
  return new InputError({
    code: "fusion.ernie-thu.heads",
    at: "config.strategies.ernie-thu.entityHeads",
    problem: `${heads} heads do not divide entity vectors of ${dimension} numbers`,
    wanted: "Every head reads an equal share of the vector",
    fix: `Take ${divisors(dimension).join(", ")}, or change config.embedding.dimension`,
  });
}

/** The divisors of a dimension up to 16, as heads to choose from. */
function divisors(dimension: number): number[] {
  return Array.from({ length: 16 }, (_, i) => i + 1).filter((heads) => dimension % heads === 0);
}
