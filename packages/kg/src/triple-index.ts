/**
 * A graph's triples as numbers: the form that embedding, ranking and fusion work on.
 * Entities and relations are numbered in the order of the source.
 */
export interface TripleIndex {
  readonly entityIds: readonly string[];
  readonly relationIds: readonly string[];
  /** Entity id to its number. */
  readonly entityNumber: ReadonlyMap<string, number>;
  readonly relationNumber: ReadonlyMap<string, number>;
  /** head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
  readonly triples: Int32Array;
}
