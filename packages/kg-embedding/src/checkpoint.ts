import { existsSync } from "node:fs";
import { InputError } from "@kgraft/runtime";
import { hostTensors, SafetensorsFile, writeSafetensors } from "@kgraft/tensor";
import type { TrainableTables } from "./embedding-tables.ts";

/** Where a training stands and what it saw: with the tables, all that going on needs. */
export interface TrainingPosition {
  readonly epoch: number;
  /** Steps done in that epoch. */
  readonly batch: number;
  /** Sum of the losses of those steps. */
  readonly lossInEpoch: number;
  /** Mean loss of each finished epoch. */
  readonly history: readonly number[];
}

/** A training's state in one safetensors file: tables, accumulators, position; random streams follow from the position. */
export class EmbeddingCheckpoint {
  readonly path: string;
  readonly #fingerprint: string;

  /** @param fingerprint of everything that decides the numbers: graph, model, options, seed */
  constructor(path: string, fingerprint: string) {
    this.path = path;
    this.#fingerprint = fingerprint;
  }

  /** Replaces the file in one rename. */
  async save(tables: TrainableTables, position: TrainingPosition): Promise<void> {
    const metadata = { fingerprint: this.#fingerprint, position: JSON.stringify(position) };
    await writeSafetensors(this.path, hostTensors(arrays(tables)), metadata);
  }

  /**
   * Fills the tables from the file.
   *
   * @returns the position, or undefined where there is no file
   * @throws InputError `kg-embedding.checkpoint` where it belongs to another training
   */
  async load(tables: TrainableTables): Promise<TrainingPosition | undefined> {
    if (!existsSync(this.path)) return undefined;
    const file = await SafetensorsFile.open(this.path);
    try {
      if (file.metadata.fingerprint !== this.#fingerprint) throw this.#foreign();
      for (const [name, { data }] of arrays(tables)) data.set(await file.readFloats(name));
      return JSON.parse(file.metadata.position as string) as TrainingPosition;
    } finally {
      await file.close();
    }
  }

  #foreign(): InputError {
    return new InputError({
      code: "kg-embedding.checkpoint",
      at: this.path,
      problem: "was written by a training with another graph, model, option or seed",
      fix: "Remove it to start afresh, or put the config back as it was",
    });
  }
}

function arrays({ entity, relation }: TrainableTables) {
  return (["entity", "relation"] as const).flatMap((name) => {
    const table = name === "entity" ? entity : relation;
    const shape = [table.rows, table.width];
    return [
      [name, { dtype: "float32", shape, data: table.values }],
      [`accumulator/${name}`, { dtype: "float32", shape, data: table.accumulators }],
    ] as const;
  });
}
