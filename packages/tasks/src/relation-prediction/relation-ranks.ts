import { type RankMeans, rankMetrics } from "@kgraft/kg-embedding";
import type { TextExample } from "@kgraft/text";
import type { TaskReport } from "../contract.ts";
import { scoreClasses } from "../metrics/classification.ts";
import type { Prediction } from "../predictions.ts";

/** The relations that are known to hold from a head to a tail, by the pair's key. */
export type KnownRelations = ReadonlyMap<string, ReadonlySet<string>>;

/** The key of a head and a tail. */
export const pairKey = (head: string, tail: string): string => JSON.stringify([head, tail]);

/**
 * Ranks the right relation of each pair among all: raw, and filtered (other known relations of the pair left out); equal
 * scores count half. `accuracy` is hits at 1 of the arg max.
 *
 * @param pairOf the key of an example's pair
 * @source KG-BERT, relation prediction: one pass scores all relations
 */
export function scoreRelations(
  gold: readonly TextExample[],
  predictions: readonly Prediction[],
  pairOf: (example: TextExample) => string,
  known: KnownRelations,
): TaskReport {
  const { lines, scores } = scoreClasses(
    gold.map(({ id, labels = [] }) => ({ id, labels })),
    predictions,
    { at: "tasks.relation-prediction" },
  );
  const byId = new Map(predictions.map((prediction) => [prediction.id, prediction.scores ?? {}]));
  const means = (filtered: boolean): RankMeans => {
    const ranked = gold.map((example) =>
      rankOf(
        example.labels?.[0] as string,
        byId.get(example.id) ?? {},
        filtered ? (known.get(pairOf(example)) ?? new Set()) : new Set(),
      ),
    );
    const { amri: _, optimistic: __, pessimistic: ___, ...realistic } = rankMetrics(ranked);
    return realistic;
  };
  const raw = Object.entries(means(false)).map(([name, value]) => [`raw.${name}`, value] as const);
  return { lines, scores: { accuracy: scores.accuracy, ...means(true), ...Object.fromEntries(raw) } };
}

function rankOf(gold: string, scores: Readonly<Record<string, number>>, hidden: ReadonlySet<string>) {
  const own = scores[gold] ?? Number.NEGATIVE_INFINITY;
  const rivals = Object.entries(scores).filter(([relation]) => relation !== gold && !hidden.has(relation));
  const greater = rivals.filter(([, score]) => score > own).length;
  const equal = rivals.filter(([, score]) => score === own).length;
  return { optimistic: greater + 1, pessimistic: greater + equal + 1, candidates: rivals.length + 1 };
}
