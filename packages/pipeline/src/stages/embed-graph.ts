import { join } from "node:path";
import { closure, type Graph, splitTriples, type TripleIndex } from "@kgraft/kg";
import {
  type EmbeddingDefinition,
  type EntityVectors,
  probeTypes,
  readEmbeddingFolder,
  type TrainingOptions,
  trainEmbedding,
  writeEmbeddingFolder,
} from "@kgraft/kg-embedding";
import { streams as streamsOf } from "@kgraft/runtime";
import { required, type SharedWork } from "../composition.ts";
import type { GraphChoice } from "../config/run-config.ts";
import { choiceIdentity } from "../fingerprint.ts";
import { graphIdentity } from "../graph-identity.ts";
import type { StageResult } from "../stage-store.ts";

/** Share of the graph's own triples that ranking is measured on: more of a small graph, up to a tenth. */
function heldOutShare(triples: number): number {
  return Math.max(0.01, Math.min(0.1, 100 / triples));
}

/** Entity vectors of a seed and what they were measured to know. */
export interface EmbeddedGraph {
  readonly vectors: EntityVectors;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly stage: StageResult;
}

/**
 * Trains KG embeddings once for a seed, ranks held-out triples and probes what the vectors know of types.
 *
 * The closure is taken of the training triples alone, so that it gives nothing of the held-out ones away.
 */
export async function embedGraph(shared: SharedWork, seed: number): Promise<EmbeddedGraph> {
  const { config, stages, progress, signal } = shared;
  const choice = required(config, "embedding");
  const backend = await shared.backend();
  const graph = required(config, "graph");
  const inputs = {
    graph: await graphIdentity(shared),
    closure: graph.closure,
    closureDepth: graph.closureDepth,
    embedding: await choiceIdentity(choice),
    seed,
    backend: backend.name,
    matmul: config.matmul,
  };
  const stage = await stages.stage("embed", inputs, async (folder, work) => {
    const streams = streamsOf(seed);
    const model = (choice.definition as EmbeddingDefinition).create(choice.options as TrainingOptions, {});
    const index = await shared.triples();
    const held = heldOutShare(index.triples.length / 3);
    const { train, validation, test } = splitTriples(index, { validation: 0, test: held, streams });
    const embedding = await trainEmbedding({
      train: withClosure(train, graph),
      validation,
      test,
      model,
      streams,
      progress,
      checkpoint: { path: join(work, "tables") },
      signal,
    });
    const types = await typesOf(await shared.graph());
    const probe = types.size > 0 ? { probe: probeTypes(embedding.vectors, types, { streams }) } : {};
    await writeEmbeddingFolder(folder, { ...embedding, metrics: { ...embedding.metrics, ...probe } });
  });
  const { vectors, metrics } = await readEmbeddingFolder(stage.folder);
  return { vectors, metrics, stage };
}

function withClosure(train: TripleIndex, { closure: relations, closureDepth }: GraphChoice): TripleIndex {
  if (relations === undefined || relations.length === 0) return train;
  return closure(train, relations, closureDepth === undefined ? {} : { maxDepth: closureDepth });
}

/** The first type of every entity that has one. */
async function typesOf(graph: Graph): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  for await (const { id, types: own } of graph.entities()) if (own[0] !== undefined) types.set(id, own[0]);
  return types;
}
