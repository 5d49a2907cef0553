import { setImmediate } from "node:timers/promises";
import { type AnswerGroup, groupByQuestion, KnownAnswers, type RankedAnswer } from "@kgraft/kg-embedding";
import { RunError } from "@kgraft/runtime";
import type { EvaluationNeeds } from "../contract.ts";
import { Journal } from "../journal.ts";
import type { NumberedTriples, TripleNumbers } from "../triples/numbered-triples.ts";
import type { Prefilter } from "./prefilter.ts";
import { type AskedCandidates, QuestionScorer } from "./question-scorer.ts";

/** Candidates that are scored together: enough to fill batches of every length. */
const candidatesAtOnce = 8192;

/** The rank of an answer of a question, others that are known left out. */
export interface RankedEntity extends RankedAnswer {
  readonly entity: number;
}

/** A question whose answers were ranked. */
export interface RankedQuestion {
  readonly known: number;
  /** Relation r where a tail is asked for, R + r where a head is. */
  readonly asked: number;
  readonly ranked: readonly RankedEntity[];
  /** The best answers that no known triple gives, best first, with the encoder's scores. */
  readonly best: readonly (readonly [entity: number, score: number])[];
}

/** What is ranked, and how. */
export interface RankQuestionsRequest {
  readonly triples: NumberedTriples;
  /** The part, or a sample of it, whose triples are ranked. */
  readonly ranked: TripleNumbers;
  readonly prefilter?: Prefilter | undefined;
  /** How many of the best answers are kept. */
  readonly keepBest: number;
  readonly label: string;
}

/**
 * Ranks head and tail of triples among all entities, other known answers left out. Each question is scored once, whatever
 * the number of its answers; known answers are not scored at all.
 *
 * @throws RunError `tasks.stopped`, `tasks.logits`
 */
export async function rankQuestions(
  { triples, ranked, prefilter, keepBest, label }: RankQuestionsRequest,
  { score, progress, journal: place, signal }: EvaluationNeeds,
): Promise<readonly RankedQuestion[]> {
  const relations = triples.relations.length;
  const groups = groupByQuestion(ranked, relations);
  const filter = new KnownAnswers(relations, [triples.train, triples.validation, triples.test], new Set(groups.keys()));
  const scorer = new QuestionScorer(triples, new Set(groups.keys()), score);
  const journal = await Journal.open<RankedQuestion>(place);
  const done = [...journal.entries];
  const bar = progress.bar(label, groups.size);
  try {
    for (const chunk of chunks(unanswered(groups.values(), done), triples.entities.length, prefilter)) {
      if (signal?.aborted) throw stopped(done.length, groups.size);
      const asked = chunk.map((question) => askOf(question, filter, triples.entities.length, prefilter));
      const scores = await scorer.scores(asked);
      for (const [i, one] of asked.entries()) {
        const made = rankQuestion(one, scores[i] as Float32Array, keepBest);
        await journal.add(made);
        done.push(made);
      }
      bar.update(done.length, "questions");
      await setImmediate();
    }
  } finally {
    await journal.close();
  }
  bar.end();
  return done;
}

/** A question with candidates: those that the encoder scores, and those behind them. */
interface Asked extends AskedCandidates {
  readonly behind: Int32Array;
}

function askOf(question: AnswerGroup, filter: KnownAnswers, entities: number, prefilter: Prefilter | undefined): Asked {
  const hidden = new Set(filter.of(question.known, question.asked));
  for (const answer of question.answers) hidden.delete(answer);
  const all = Int32Array.from({ length: entities }, (_, entity) => entity).filter((entity) => !hidden.has(entity));
  if (prefilter === undefined) return { question, candidates: all, behind: new Int32Array(0) };
  const order = prefilter.order(question, all);
  return { question, candidates: order.slice(0, prefilter.keep), behind: order.slice(prefilter.keep) };
}

/** Ranks the answers of a question among its candidates; each answer leaves the others out. */
function rankQuestion({ question, candidates, behind }: Asked, scores: Float32Array, keepBest: number): RankedQuestion {
  const { known, asked } = question;
  const answers = new Set(question.answers);
  const candidatesLeft = candidates.length + behind.length - answers.size + 1;
  const ranked = question.answers.map((entity): RankedEntity => {
    const place = candidates.indexOf(entity);
    if (place === -1) {
      const before = behind.subarray(0, behind.indexOf(entity)).filter((one) => !answers.has(one)).length;
      const rank = candidates.filter((one) => !answers.has(one)).length + before + 1;
      return { entity, optimistic: rank, pessimistic: rank, candidates: candidatesLeft };
    }
    let [greater, equal] = [0, 0];
    for (const [i, one] of candidates.entries()) {
      if (answers.has(one)) continue;
      if ((scores[i] as number) > (scores[place] as number)) greater++;
      else if (scores[i] === scores[place]) equal++;
    }
    return { entity, optimistic: greater + 1, pessimistic: greater + equal + 1, candidates: candidatesLeft };
  });
  const order = Array.from(candidates.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  const best = order.slice(0, keepBest).map((i) => [candidates[i] as number, scores[i] as number] as const);
  return { known, asked, ranked, best };
}

function unanswered(groups: Iterable<AnswerGroup>, done: readonly RankedQuestion[]): readonly AnswerGroup[] {
  const keyOf = ({ known, asked }: { readonly known: number; readonly asked: number }) => `${known} ${asked}`;
  const answered = new Set(done.map(keyOf));
  return [...groups].filter((group) => !answered.has(keyOf(group)));
}

function* chunks(
  groups: readonly AnswerGroup[],
  entities: number,
  prefilter: Prefilter | undefined,
): Generator<readonly AnswerGroup[]> {
  const candidates = Math.min(entities, prefilter?.keep ?? entities);
  const size = Math.max(1, Math.floor(candidatesAtOnce / candidates));
  for (let from = 0; from < groups.length; from += size) yield groups.slice(from, from + size);
}

function stopped(done: number, all: number): RunError {
  return new RunError({
    code: "tasks.stopped",
    at: "tasks.link-prediction",
    problem: `stopped after ${done} of ${all} questions`,
    fix: "Run again with --resume to go on from there",
  });
}
