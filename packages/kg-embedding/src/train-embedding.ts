import type { TripleIndex } from "@kgraft/kg";
import { InputError, type Progress, type Streams, silent } from "@kgraft/runtime";
import type { EmbeddingTables } from "./embedding-tables.ts";
import type { EntityVectors } from "./entity-vectors.ts";
import type { EmbeddingModel } from "./model.ts";
import { type RankingResult, rankTriples } from "./ranking.ts";
import { type CheckpointPlan, trainTables } from "./training.ts";
import { vectorTable } from "./vector-table.ts";

export interface TrainEmbeddingRequest {
  /** What is learnt from. */
  readonly train: TripleIndex;
  /** Of the same graph, entities and relations numbered as in `train`: filtered when the test is ranked. */
  readonly validation?: TripleIndex | undefined;
  /** Likewise: what is ranked. Without any, nothing is. */
  readonly test?: TripleIndex | undefined;
  /** From a definition: `transe.create(options, {})`. */
  readonly model: EmbeddingModel;
  readonly streams: Streams;
  readonly progress?: Progress;
  readonly checkpoint?: CheckpointPlan | undefined;
  /** Stops the training at its next step, after a last checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Vectors of a graph, with what is known of them. */
export interface Embedding {
  /** Of all entities of the graph, [N, E]; one without a training triple keeps its first random vector. */
  readonly vectors: EntityVectors;
  /** Of relations, [R, F]; reciprocal rows follow as `<id>^-1`. */
  readonly relations: EntityVectors;
  readonly model: EmbeddingRecord;
  readonly metrics: EmbeddingMetrics;
  /** Mean loss of a question in each epoch. */
  readonly history: readonly number[];
}

/** What made the vectors. */
export interface EmbeddingRecord {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly reciprocal: boolean;
}

/** By task; a caller may add its own, such as a probe's. */
export interface EmbeddingMetrics extends Readonly<Record<string, unknown>> {
  /** Filtered by training, validation and test triples; absent without test triples. */
  readonly "link-prediction"?: { readonly test: RankingResult };
}

/**
 * Trains an embedding on the training part of a graph and ranks the test part: the one door of this package.
 *
 * Same split, model, seed and backend give the same bytes, whether or not the training was stopped and resumed.
 *
 * @throws InputError `kg-embedding.empty` without training triples, `kg-embedding.relation-id` where a reciprocal id is taken,
 *   `kg-embedding.checkpoint` where a checkpoint belongs to another training; RunError `kg-embedding.loss` where the loss is NaN
 */
export async function trainEmbedding(request: TrainEmbeddingRequest): Promise<Embedding> {
  const { train, model, streams, progress = silent, checkpoint, signal } = request;
  if (train.triples.length === 0) throw nothingToLearn(train.entityIds.length);
  const relationIds = rowIds(train.relationIds, model.options.reciprocal);
  const { tables, history } = await trainTables({ train, model, streams, progress, checkpoint, signal });
  return {
    vectors: vectorTable(train.entityIds, tables.entity.values, tables.entity.width),
    relations: vectorTable(relationIds, tables.relation.values, tables.relation.width),
    model: { name: model.name, options: model.options, seed: streams.seed, reciprocal: model.options.reciprocal },
    metrics: await rankTest(request, tables),
    history,
  };
}

async function rankTest(request: TrainEmbeddingRequest, tables: EmbeddingTables): Promise<EmbeddingMetrics> {
  const { train, validation, test, model, streams, progress } = request;
  if (test === undefined || test.triples.length === 0) return {};
  const { maxRankedTriples } = model.options;
  const ranking = await rankTriples({
    model,
    tables,
    relationIds: train.relationIds,
    triples: test.triples,
    known: [train, validation, test].flatMap((part) => part?.triples ?? []),
    maxTriples: maxRankedTriples === "all" ? undefined : maxRankedTriples,
    streams,
    progress,
  });
  return { "link-prediction": { test: ranking } };
}

/** Ids of the relation table's rows. */
function rowIds(ids: readonly string[], reciprocal: boolean): readonly string[] {
  if (!reciprocal) return ids;
  const inverses = ids.map((id) => `${id}^-1`);
  const taken = new Set(ids);
  const clash = inverses.find((id) => taken.has(id));
  if (clash !== undefined)
    throw new InputError({
      code: "kg-embedding.relation-id",
      at: "kg-embedding.trainEmbedding",
      problem: `the graph has a relation "${clash}", the name of the inverse of "${clash.slice(0, -3)}"`,
      fix: "Rename the relation, or set reciprocal: false",
    });
  return [...ids, ...inverses];
}

function nothingToLearn(entities: number): InputError {
  return new InputError({
    code: "kg-embedding.empty",
    at: "kg-embedding.trainEmbedding",
    problem: `the graph has 0 training triples (${entities} entities)`,
    wanted: "Wanted at least one",
    fix: "Check the graph's source, and that the split leaves triples for training",
  });
}
