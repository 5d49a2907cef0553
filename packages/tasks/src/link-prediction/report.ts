import { type RankMeans, rankMetrics } from "@kgraft/kg-embedding";
import type { TextExample } from "@kgraft/text";
import type { SplitResult, TaskReport } from "../contract.ts";
import type { PredictedTriple, Prediction } from "../predictions.ts";
import type { NumberedTriples } from "../triples/numbered-triples.ts";
import type { RankedQuestion } from "./rank-questions.ts";

/**
 * Sums up ranked questions: realistic ranks, with `optimistic.` and `pessimistic.` ones and the two sides beside them.
 *
 * @param examples the triples that were ranked, in the order of their predictions
 */
export function reportRanking(
  questions: readonly RankedQuestion[],
  examples: readonly TextExample[],
  triples: NumberedTriples,
): SplitResult<TaskReport> {
  const { relations } = triples;
  const ofSide = (isHead: boolean) =>
    questions.filter(({ asked }) => asked >= relations.length === isHead).flatMap(({ ranked }) => ranked);
  const [heads, tails] = [ofSide(true), ofSide(false)];
  const { optimistic, pessimistic, ...realistic } = rankMetrics([...tails, ...heads]);
  const side = (ranked: typeof heads): RankMeans => {
    const { optimistic: _, pessimistic: __, amri: ___, ...means } = rankMetrics(ranked);
    return means;
  };
  const scores = {
    ...realistic,
    ...prefixed("optimistic", optimistic),
    ...prefixed("pessimistic", pessimistic),
    ...prefixed("head", side(heads)),
    ...prefixed("tail", side(tails)),
  };
  return {
    report: { lines: heads.length + tails.length, scores },
    predictions: predictionsOf(questions, examples, triples),
    triples: questions.flatMap((question) => predictedTriples(question, triples)),
  };
}

function prefixed(prefix: string, means: RankMeans): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(means).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** Two lines a triple, `<id>/tail` and `<id>/head`: the best answer as label, the best answers with their scores. */
function predictionsOf(
  questions: readonly RankedQuestion[],
  examples: readonly TextExample[],
  { entities, relations, numbersOf }: NumberedTriples,
): readonly Prediction[] {
  const key = (known: number, asked: number): string => `${known} ${asked}`;
  const byKey = new Map(questions.map((question) => [key(question.known, question.asked), question]));
  const line = (id: string, question: RankedQuestion | undefined): Prediction => {
    const best = question?.best.map(([entity, score]) => [entities[entity]?.id as string, score] as const) ?? [];
    return { id, labels: best.slice(0, 1).map(([entity]) => entity), scores: Object.fromEntries(best) };
  };
  return examples.flatMap((example) => {
    const [head, relation, tail] = numbersOf(example);
    return [
      line(`${example.id}/tail`, byKey.get(key(head, relation))),
      line(`${example.id}/head`, byKey.get(key(tail, relations.length + relation))),
    ];
  });
}

function predictedTriples(
  { known, asked, best }: RankedQuestion,
  { entities, relations }: NumberedTriples,
): readonly PredictedTriple[] {
  const forTail = asked < relations.length;
  const relation = relations[asked % relations.length]?.id as string;
  const named = entities[known]?.id as string;
  return best.map(([entity, score], place) => {
    const answer = entities[entity]?.id as string;
    const [head, tail] = forTail ? [named, answer] : [answer, named];
    return { head, relation, tail, score, asked: forTail ? "tail" : "head", rank: place + 1 };
  });
}
