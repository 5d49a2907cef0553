/** A table of entity vectors with the ids of its rows. */
export interface EntityVectors {
  readonly ids: readonly string[];
  readonly row: ReadonlyMap<string, number>;
  readonly dimension: number;
  /** float32 [N, E], row-major. */
  readonly values: Float32Array;
}
