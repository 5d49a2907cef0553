import type { PredictedTriple } from "@kgraft/kg";
import { InputError, isRecord, type Progress, readJsonLines } from "@kgraft/runtime";
import type { RunConfig } from "../config/run-config.ts";
import { hidingSecrets } from "../config/secrets.ts";
import { contentDigest, fingerprint } from "../fingerprint.ts";
import { neo4jOptionsOf } from "./neo4j-options-of.ts";
import { type WriteBackRequest, type WrittenBack, writeBackTriples } from "./write-back.ts";

/** Which predicted triples are written back. */
export interface PredictionsToWrite extends WriteBackRequest {
  /** JSON Lines of `{head, relation, tail, score, rank?}`, as a run's `predictions/test-triples.jsonl`. */
  readonly triples: string;
  /** What predicted them; stands in every node. */
  readonly model: string;
  /** The last place among the answers of its question that is written; a triple without place always is. */
  readonly mostRank: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes predicted triples into a config's Neo4j as nodes of a label of their own; after a dry run.
 *
 * @throws InputError `graph.predictions` with `file:line` for a line that is no predicted triple
 */
export function writeBackPredictions(
  config: RunConfig,
  { triples, model, mostRank, progress, signal, ...request }: PredictionsToWrite,
): Promise<WrittenBack> {
  return hidingSecrets(config.secrets, async () => {
    const options = neo4jOptionsOf(config);
    const identity = `predict-${fingerprint({ triples: await contentDigest(triples), model, mostRank })}`;
    const rows = () => predictedTriples(triples, mostRank);
    return writeBackTriples(rows, model, { options, identity, progress, signal }, request);
  });
}

/** A triple that answers two questions, for its head and for its tail, comes once: as it stands first. */
async function* predictedTriples(path: string, mostRank: number): AsyncGenerator<PredictedTriple> {
  const seen = new Set<string>();
  for await (const { value, at } of readJsonLines(path)) {
    if (!isPredictedTriple(value)) throw notPredicted(value, at);
    const { head, relation, tail, score, rank = 0 } = value;
    const key = JSON.stringify([head, relation, tail]);
    if (rank > mostRank || seen.has(key)) continue;
    seen.add(key);
    yield { head, relation, tail, score };
  }
}

function isPredictedTriple(value: unknown): value is PredictedTriple & { readonly rank?: number } {
  if (!isRecord(value)) return false;
  const { score, rank } = value;
  const isNumber = (one: unknown): boolean => typeof one === "number" && Number.isFinite(one);
  const named = [value.head, value.relation, value.tail].every((one) => typeof one === "string");
  return named && isNumber(score) && (rank === undefined || isNumber(rank));
}

function notPredicted(value: unknown, at: string): InputError {
  return new InputError({
    code: "graph.predictions",
    at,
    problem: `is ${JSON.stringify(value)?.slice(0, 80)}`,
    wanted: "Wanted {head, relation, tail, score} with ids as text and a number",
    fix: "Give a run's predictions/test-triples.jsonl",
  });
}
