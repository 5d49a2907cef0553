import { InputError, type Streams } from "@kgraft/runtime";
import type { EntityVectors } from "./entity-vectors.ts";

/**
 * Puts ids to the rows of a table.
 *
 * @throws InputError `kg-embedding.vectors` where an id is doubled or the values do not fill the rows
 */
export function vectorTable(ids: readonly string[], values: Float32Array, dimension: number): EntityVectors {
  const row = new Map(ids.map((id, i) => [id, i]));
  if (row.size !== ids.length) {
    const doubled = ids.find((id, i) => row.get(id) !== i);
    throw refusal(`the id "${doubled}" is there twice`, "Wanted one row an id");
  }
  if (values.length !== ids.length * dimension)
    throw refusal(`${values.length} numbers for ${ids.length} ids of ${dimension}`, `Wanted ${ids.length * dimension}`);
  return { ids, row, dimension, values };
}

/** Mean Euclidean length of the rows; 0 where there are none. */
export function meanNorm({ values, dimension, ids }: EntityVectors): number {
  let sum = 0;
  for (let start = 0; start < values.length; start += dimension) {
    let squares = 0;
    for (let i = start; i < start + dimension; i++) squares += (values[i] as number) ** 2;
    sum += Math.sqrt(squares);
  }
  return ids.length === 0 ? 0 : sum / ids.length;
}

/**
 * Multiplies all vectors by one number so that their mean length is `meanNorm`; directions and ratios stay.
 *
 * @throws InputError `kg-embedding.vectors` where the wanted length is not positive, or all vectors are zero
 */
export function scaleVectors(vectors: EntityVectors, options: { readonly meanNorm: number }): EntityVectors {
  if (!(options.meanNorm > 0 && Number.isFinite(options.meanNorm)))
    throw refusal(`meanNorm is ${options.meanNorm}`, "Wanted a finite number > 0");
  const now = meanNorm(vectors);
  if (!(now > 0)) throw refusal("all vectors are zero", "Wanted vectors with a length to scale");
  return { ...vectors, values: vectors.values.map((value) => (value * options.meanNorm) / now) };
}

/** Gives every entity a fixed random vector instead of its own: normal numbers, the same mean length as before. */
export function randomVectors(like: EntityVectors, streams: Streams): EntityVectors {
  const values = streams.at("kg-embedding/random-vectors").fillNormal(new Float32Array(like.values.length), 1);
  const random = { ...like, values };
  const norm = meanNorm(like);
  return norm > 0 ? scaleVectors(random, { meanNorm: norm }) : { ...like, values: values.fill(0) };
}

/** Gives every entity the vector of another, drawn by a permutation without fixed point (of two entities or more). */
export function shuffledVectors(like: EntityVectors, streams: Streams): EntityVectors {
  const { ids, dimension } = like;
  const others = streams.at("kg-embedding/shuffled-vectors").cycle(ids.length);
  const values = new Float32Array(like.values.length);
  for (const [to, from] of others.entries())
    values.set(like.values.subarray(from * dimension, (from + 1) * dimension), to * dimension);
  return { ...like, values };
}

/** Vectors of chosen entities, and those that had none. */
export interface SelectedVectors {
  readonly vectors: EntityVectors;
  readonly missing: readonly string[];
}

/**
 * Copies the vectors of entities in the order of `ids`.
 *
 * @param missing what an entity without a vector gets: `zero`, or an error
 * @throws InputError `kg-embedding.missing` with the first missing ids, under `error`
 */
export function selectVectors(
  vectors: EntityVectors,
  ids: readonly string[],
  missing: "zero" | "error",
): SelectedVectors {
  const { dimension, row } = vectors;
  const absent = ids.filter((id) => !row.has(id));
  if (missing === "error" && absent.length > 0)
    throw new InputError({
      code: "kg-embedding.missing",
      at: "kg-embedding.selectVectors",
      problem: `${absent.length} of ${ids.length} entities have no vector: ${absent.slice(0, 5).join(", ")}`,
      wanted: "Wanted a vector for each",
      fix: "Train the embedding on the graph that these entities are from",
    });
  const values = new Float32Array(ids.length * dimension);
  for (const [i, id] of ids.entries()) {
    const from = row.get(id);
    if (from !== undefined)
      values.set(vectors.values.subarray(from * dimension, (from + 1) * dimension), i * dimension);
  }
  return { vectors: vectorTable(ids, values, dimension), missing: absent };
}

function refusal(problem: string, wanted: string): InputError {
  return new InputError({ code: "kg-embedding.vectors", at: "kg-embedding.vectors", problem, wanted });
}
