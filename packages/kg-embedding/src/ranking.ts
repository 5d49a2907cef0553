import { setImmediate } from "node:timers/promises";
import { InputError, type Progress, type Streams, silent } from "@kgraft/runtime";
import { CandidateTable } from "./candidate-table.ts";
import type { EmbeddingTables } from "./embedding-tables.ts";
import { KnownAnswers, questionKey, type Side } from "./known-answers.ts";
import type { EmbeddingModel } from "./model.ts";
import { askSide } from "./questions.ts";
import { type RankedAnswer, type RankMetrics, rankMetrics } from "./rank-metrics.ts";

export interface RankingRequest {
  readonly model: EmbeddingModel;
  readonly tables: EmbeddingTables;
  readonly relationIds: readonly string[];
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
  readonly sides: Readonly<Record<Side, RankMetrics>>;
  /** By relation id, both sides together. */
  readonly relations: Readonly<Record<string, RankMetrics>>;
}

/**
 * Ranks the tail and the head of triples among all entities, other known answers left out.
 *
 * Questions that share (head, relation) or (relation, tail) are scored once. A true answer's score is read from the same
 * row as its rivals', so that equal scores are equal. The sample is drawn with stream `kg-embedding/ranking`.
 *
 * @throws InputError `kg-embedding.ranking` where there is no triple, RunError `kg-embedding.score` where a score is NaN
 * @source Bordes et al., NeurIPS 2013, section 4.2, filtered ranks; realistic ranks as in Berrendorf et al., 2020
 */
export async function rankTriples(request: RankingRequest): Promise<RankingResult> {
  const { triples: all, streams, maxTriples, relationIds } = request;
  const of = all.length / 3;
  if (of === 0) throw nothingToRank();
  const triples = maxTriples === undefined || of <= maxTriples ? all : sample(all, maxTriples, streams);
  const bar = (request.progress ?? silent).bar("ranking", (2 * triples.length) / 3);
  const candidates = new CandidateTable(request.model, request.tables);
  const ranked: Record<Side, RankedAnswer[]> = { tail: [], head: [] };
  let done = 0;
  try {
    for (const side of ["tail", "head"] as const)
      for await (const answers of rankSide(side, triples, request, candidates)) {
        ranked[side].push(...answers);
        done += answers.length;
        bar.update(done);
      }
  } finally {
    candidates.dispose();
  }
  const both = [...ranked.tail, ...ranked.head];
  const metrics = rankMetrics(both);
  bar.end(`MRR ${metrics.mrr.toFixed(3)}`);
  return {
    ...metrics,
    triples: triples.length / 3,
    of,
    sampled: triples !== all,
    sides: { tail: rankMetrics(ranked.tail), head: rankMetrics(ranked.head) },
    relations: byRelation(both, relationIds),
  };
}

/** Answers of one question: (known, relation, ?). */
interface AnswerGroup {
  readonly known: number;
  readonly relation: number;
  readonly answers: number[];
}

async function* rankSide(
  side: Side,
  triples: Int32Array,
  { model, known, relationIds }: RankingRequest,
  candidates: CandidateTable,
): AsyncGenerator<RankedAnswer[]> {
  const groups = groupByQuestion(side, triples, relationIds.length);
  const answers = new KnownAnswers(side, relationIds.length, known, new Set(groups.keys()));
  const list = [...groups.values()];
  for (let start = 0; start < list.length; start += candidates.rowsAtOnce) {
    const chunk = list.slice(start, start + candidates.rowsAtOnce);
    const asked = Int32Array.from(chunk.flatMap((group) => triple(side, group)));
    const scores = candidates.scores(askSide(side, asked, model, relationIds.length));
    yield chunk.flatMap((group, row) => {
      const rowScores = scores.subarray(row * candidates.count, (row + 1) * candidates.count);
      return rankGroup(group, rowScores, answers.of(group.known, group.relation));
    });
    await setImmediate();
  }
}

/** A triple that asks a group's question. */
function triple(side: Side, { known, relation, answers }: AnswerGroup): readonly number[] {
  const answer = answers[0] as number;
  return side === "tail" ? [known, relation, answer] : [answer, relation, known];
}

function groupByQuestion(side: Side, triples: Int32Array, relations: number): Map<number, AnswerGroup> {
  const groups = new Map<number, AnswerGroup>();
  for (let i = 0; i < triples.length; i += 3) {
    const known = triples[side === "tail" ? i : i + 2] as number;
    const relation = triples[i + 1] as number;
    const answer = triples[side === "tail" ? i + 2 : i] as number;
    const key = questionKey(known, relation, relations);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { known, relation, answers: [answer] });
    else group.answers.push(answer);
  }
  return groups;
}

/** Ranks each answer of a group; the row of scores is used up. */
function rankGroup(group: AnswerGroup, scores: Float32Array, known: readonly number[]): RankedAnswer[] {
  const own = group.answers.map((answer) => scores[answer] as number);
  for (const answer of known) scores[answer] = Number.NaN;
  for (const answer of group.answers) scores[answer] = Number.NaN;
  let rivals = 0;
  for (const score of scores) if (!Number.isNaN(score)) rivals++;
  return own.map((score) => {
    let greater = 0;
    let equal = 0;
    for (const rival of scores) {
      if (rival > score) greater++;
      else if (rival === score) equal++;
    }
    return {
      relation: group.relation,
      optimistic: greater + 1,
      pessimistic: greater + equal + 1,
      candidates: rivals + 1,
    };
  });
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

function byRelation(ranked: readonly RankedAnswer[], ids: readonly string[]): Record<string, RankMetrics> {
  const groups = new Map<number, RankedAnswer[]>();
  for (const answer of ranked) {
    const group = groups.get(answer.relation);
    if (group === undefined) groups.set(answer.relation, [answer]);
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
