import { setImmediate } from "node:timers/promises";
import { InputError, type Progress, type Streams, silent } from "@kgraft/runtime";
import { tf } from "@kgraft/tensor";
import { type AnswerGroup, groupByQuestion } from "./answer-groups.ts";
import { KnownAnswers } from "./known-answers.ts";
import { type Ranked, type RankedModel, rankAnswers } from "./rank-answers.ts";
import { type RankMetrics, rankMetrics } from "./rank-metrics.ts";
import { ScoredQuestions } from "./scored-questions.ts";

export interface RankingRequest extends RankedModel {
  /** Triples to be ranked: head, relation, tail of triple i at 3i, 3i+1, 3i+2. */
  readonly triples: Int32Array;
  /** Triples whose answers are filtered: training, validation and test. */
  readonly known: readonly Int32Array[];
  /** Ranks a sample of at most so many triples. */
  readonly maxTriples?: number | undefined;
  /** Draws the sample. */
  readonly streams: Streams;
  readonly progress?: Progress | undefined;
}

/** Filtered ranks of the answers of triples among all entities. */
export interface RankingResult extends RankMetrics {
  /** Triples ranked, each on both sides. */
  readonly triples: number;
  /** Triples that there were; more than `triples` where a sample was ranked. */
  readonly of: number;
  /** Whether `triples` are a sample of fixed seed. */
  readonly sampled: boolean;
  readonly sides: Readonly<Record<"head" | "tail", RankMetrics>>;
  /** By relation id, both sides together. */
  readonly relations: Readonly<Record<string, RankMetrics>>;
}

/**
 * Ranks the tail and the head of triples among all entities, other known answers left out.
 *
 * Questions that share (head, relation) or (relation, tail) are scored once. A true answer's score is read from the same
 * row as its rivals', so that equal scores are equal. The sample is drawn with stream `kg-embedding/ranking`.
 *
 * @throws InputError `kg-embedding.ranking` where there is no triple, RunError `kg-embedding.score` where a score is not finite
 * @source Bordes et al., NeurIPS 2013, section 4.2, filtered ranks; realistic ranks as in Berrendorf et al., 2020
 */
export async function rankTriples(request: RankingRequest): Promise<RankingResult> {
  const { triples: all, known, streams, maxTriples, relationIds, tables, progress = silent } = request;
  const of = all.length / 3;
  if (of === 0) throw nothingToRank();
  const triples = maxTriples === undefined || of <= maxTriples ? all : sample(all, maxTriples, streams);
  const relations = relationIds.length;
  const groups = groupByQuestion(triples, relations);
  const filter = new KnownAnswers(relations, known, new Set(groups.keys()));
  const entities = tf.tensor2d(tables.entity.values, [tables.entity.rows, tables.entity.width]);
  const bar = progress.bar("ranking", groups.size);
  const ranked: Ranked[] = [];
  try {
    let done = 0;
    for (const chunk of chunks([...groups.values()], ScoredQuestions.rowsAtOnce(tables.entity.rows), relations)) {
      for (const answer of rankAnswers(chunk, entities, filter, request)) ranked.push(answer);
      done += chunk.length;
      bar.update(done);
      await setImmediate();
    }
  } finally {
    entities.dispose();
  }
  const metrics = rankMetrics(ranked);
  bar.end(`MRR ${metrics.mrr.toFixed(3)}`);
  return {
    ...metrics,
    triples: triples.length / 3,
    of,
    sampled: triples !== all,
    sides: {
      head: rankMetrics(ranked.filter(({ asked }) => asked >= relations)),
      tail: rankMetrics(ranked.filter(({ asked }) => asked < relations)),
    },
    relations: byRelation(ranked, relationIds),
  };
}

/** Cuts groups into chunks that ask for one side each. */
function* chunks(groups: readonly AnswerGroup[], size: number, relations: number): Generator<AnswerGroup[]> {
  const sides = [groups.filter(({ asked }) => asked < relations), groups.filter(({ asked }) => asked >= relations)];
  for (const side of sides)
    for (let start = 0; start < side.length; start += size) yield side.slice(start, start + size);
}

function sample(triples: Int32Array, count: number, streams: Streams): Int32Array {
  const order = streams
    .at("kg-embedding/ranking")
    .permutation(triples.length / 3)
    .subarray(0, count)
    .sort();
  const picked = new Int32Array(3 * count);
  for (const [i, number] of order.entries()) picked.set(triples.subarray(3 * number, 3 * number + 3), 3 * i);
  return picked;
}

function byRelation(ranked: readonly Ranked[], ids: readonly string[]): Record<string, RankMetrics> {
  const groups = new Map<number, Ranked[]>();
  for (const answer of ranked) {
    const relation = answer.asked % ids.length;
    const group = groups.get(relation);
    if (group === undefined) groups.set(relation, [answer]);
    else group.push(answer);
  }
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => a - b).map(([number, group]) => [ids[number] as string, rankMetrics(group)]),
  );
}

function nothingToRank(): InputError {
  return new InputError({
    code: "kg-embedding.ranking",
    at: "kg-embedding.rankTriples",
    problem: "there are 0 triples to rank",
    wanted: "Wanted at least one",
    fix: "Hold some triples out for the test",
  });
}
