import type { Streams } from "@kgraft/runtime";
import type { EmbeddingModel } from "./model.ts";
import { SparseTable } from "./sparse-table.ts";

/** Rows of numbers. */
export interface VectorTable {
  readonly rows: number;
  readonly width: number;
  /** float32 [rows, width] */
  readonly values: Float32Array;
}

/** The two tables that a model reads. */
export interface EmbeddingTables<Table extends VectorTable = VectorTable> {
  /** [N, E] */
  readonly entity: Table;
  /** [R, F], or [2R, F] with reciprocal relations: the inverse of relation r is row R + r. */
  readonly relation: Table;
}

/** Tables with the state of their optimiser. */
export type TrainableTables = EmbeddingTables<SparseTable>;

/** Copies rows by number into a fresh float32 [rows.length, width]. */
export function gatherRows({ width, values }: VectorTable, rows: Int32Array): Float32Array {
  const block = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * width;
    block.set(values.subarray(from, from + width), i * width);
  }
  return block;
}

/** Makes the first tables of a training: normal numbers, or the model's own for relations. */
export function initialTables(
  model: EmbeddingModel,
  entities: number,
  relations: number,
  streams: Streams,
): TrainableTables {
  const tables = {
    entity: new SparseTable(entities, model.entityWidth),
    relation: new SparseTable(model.options.reciprocal ? 2 * relations : relations, model.relationWidth),
  };
  const { deviation } = model.options;
  streams.at("kg-embedding/initialisation/entity").fillNormal(tables.entity.values, deviation);
  const draw = streams.at("kg-embedding/initialisation/relation");
  if (model.fillRelations) model.fillRelations(tables.relation.values, draw);
  else draw.fillNormal(tables.relation.values, deviation);
  return tables;
}
