/** Where one true answer stands among the candidates of its question. */
export interface RankedAnswer {
  /** 1 + candidates that score higher. */
  readonly optimistic: number;
  /** 1 + candidates that score as high or higher. */
  readonly pessimistic: number;
  /** Candidates left by the filter, the answer included. */
  readonly candidates: number;
}

/** Means over answers of one kind of rank. */
export interface RankMeans {
  /** Mean rank. */
  readonly mr: number;
  /** Mean of 1/rank. */
  readonly mrr: number;
  /** Share of ranks <= k. */
  readonly "hits@1": number;
  readonly "hits@3": number;
  readonly "hits@10": number;
}

/** Realistic ranks (the mean of the optimistic and the pessimistic one), with the others beside. */
export interface RankMetrics extends RankMeans {
  /** Adjusted mean rank index: 1 - (MR - 1) / (E[MR] - 1); 1 perfect, 0 as by chance, -1 worst. */
  readonly amri: number;
  readonly optimistic: RankMeans;
  readonly pessimistic: RankMeans;
}

/**
 * Sums up ranks. NaN throughout where there is none.
 *
 * @source Berrendorf et al., 2020, "On the Ambiguity of Rank-Based Evaluation": realistic ranks, AMRI
 */
export function rankMetrics(ranked: readonly RankedAnswer[]): RankMetrics {
  const realistic = means(ranked.map((answer) => (answer.optimistic + answer.pessimistic) / 2));
  const expected = mean(ranked.map(({ candidates }) => (candidates + 1) / 2));
  return {
    ...realistic,
    // One candidate alone can only be right: nothing to adjust.
    amri: expected === 1 ? 1 : 1 - (realistic.mr - 1) / (expected - 1),
    optimistic: means(ranked.map(({ optimistic }) => optimistic)),
    pessimistic: means(ranked.map(({ pessimistic }) => pessimistic)),
  };
}

function means(ranks: readonly number[]): RankMeans {
  const share = (limit: number) => mean(ranks.map((rank) => Number(rank <= limit)));
  return {
    mr: mean(ranks),
    mrr: mean(ranks.map((rank) => 1 / rank)),
    "hits@1": share(1),
    "hits@3": share(3),
    "hits@10": share(10),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
