import {
  type DocumentLink,
  type EntityVector,
  type Neo4jOptions,
  type PredictedTriple,
  type WriteBackReport,
  writeLinks,
  writePredictions,
  writeVectors,
} from "@kgraft/kg";
import type { EntityVectors } from "@kgraft/kg-embedding";
import { type Progress, readJsonLines } from "@kgraft/runtime";
import { untilStopped } from "../stopped.ts";

/** What a command wants written back into its graph's Neo4j. */
export interface WriteBackRequest {
  /** Names the writes. Default: made from what is written, so that the same command goes on with the same run. */
  readonly runId?: string | undefined;
  /** Check everything and say what would be written, and no more. */
  readonly dryRun: boolean;
}

/** Where entity vectors are written back to. */
export interface VectorWriteBackRequest extends WriteBackRequest {
  /** Node property. Default `kgraftVector`. */
  readonly property?: string | undefined;
  readonly similarity?: "cosine" | "euclidean" | undefined;
}

/** Where links are written back to. */
export interface LinkWriteBackRequest extends WriteBackRequest {
  /** Label of the document nodes. Default `KgraftDocument`. */
  readonly documentLabel?: string | undefined;
  /** Type of the relationships from a document to an entity. Default `MENTIONS`. */
  readonly relationship?: string | undefined;
}

/** What was written back, or would be. */
export interface WrittenBack extends WriteBackReport {
  readonly runId: string;
}

/** What writing back works with. */
interface WriteBackWork {
  readonly options: Neo4jOptions;
  /** Names what is written, and the run where the request does not. */
  readonly identity: string;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Writes entity vectors into nodes, under a vector index; after a dry run, which finds what is wrong while nothing is written. */
export async function writeBackVectors(
  { ids, dimension, values }: EntityVectors,
  { options, identity, progress, signal }: WriteBackWork,
  { runId = identity, dryRun, property, similarity }: VectorWriteBackRequest,
): Promise<WrittenBack> {
  function* rows(): Generator<EntityVector> {
    for (const [i, id] of ids.entries()) yield { id, vector: values.subarray(i * dimension, (i + 1) * dimension) };
  }
  const write = (dry: boolean): Promise<WriteBackReport> =>
    writeVectors(options, {
      ...{ runId, identity, dimension, total: ids.length, dryRun: dry, progress },
      vectors: untilStopped(rows(), signal),
      ...(property !== undefined && { property }),
      ...(similarity !== undefined && { similarity }),
    });
  return { runId, ...(await dryRunFirst(write, dryRun)) };
}

/** Writes the mentions of a linked file as relationships between its documents and entities; after a dry run. */
export async function writeBackLinks(
  path: string,
  { options, identity, progress, signal }: WriteBackWork,
  { runId = identity, dryRun, documentLabel, relationship }: LinkWriteBackRequest,
): Promise<WrittenBack> {
  const write = (dry: boolean): Promise<WriteBackReport> =>
    writeLinks(options, {
      ...{ runId, identity, dryRun: dry, progress },
      links: untilStopped(linksOf(path), signal),
      ...(documentLabel !== undefined && { documentLabel }),
      ...(relationship !== undefined && { relationship }),
    });
  return { runId, ...(await dryRunFirst(write, dryRun)) };
}

/**
 * Writes predicted triples as nodes that state them; after a dry run.
 *
 * @param triples gives them anew each time
 * @param model what predicted them
 */
export async function writeBackTriples(
  triples: () => AsyncIterable<PredictedTriple>,
  model: string,
  { options, identity, progress, signal }: WriteBackWork,
  { runId = identity, dryRun }: WriteBackRequest,
): Promise<WrittenBack> {
  const write = (dry: boolean): Promise<WriteBackReport> =>
    writePredictions(options, {
      ...{ runId, identity, model, dryRun: dry, progress },
      triples: untilStopped(triples(), signal),
    });
  return { runId, ...(await dryRunFirst(write, dryRun)) };
}

async function dryRunFirst(
  write: (dry: boolean) => Promise<WriteBackReport>,
  dryRun: boolean,
): Promise<WriteBackReport> {
  const planned = await write(true);
  return dryRun ? planned : write(false);
}

/** The mentions of a file that linking wrote, with offsets as they stand there. */
async function* linksOf(path: string): AsyncGenerator<DocumentLink> {
  for await (const { value } of readJsonLines(path)) {
    const { id, mentions = [] } = value as { id: string; mentions?: readonly Omit<DocumentLink, "document">[] };
    for (const { entity, start, end, score = 1 } of mentions) yield { document: id, entity, start, end, score };
  }
}
