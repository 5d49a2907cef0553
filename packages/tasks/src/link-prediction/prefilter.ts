import {
  type AnswerGroup,
  AnswerScorer,
  complex,
  distmult,
  type EmbeddingDefinition,
  rotate,
  trainEmbedding,
  transe,
} from "@kgraft/kg-embedding";
import type { EvaluationNeeds } from "../contract.ts";
import type { NumberedTriples } from "../triples/numbered-triples.ts";
import type { PrefilterOptions } from "./options.ts";

const models = { transe: transe as EmbeddingDefinition, distmult, complex, rotate };

/** Orders the candidates of a question by a KG embedding. */
export interface Prefilter {
  /** How many candidates of a question go on to the encoder. */
  readonly keep: number;
  /** The candidates, the likeliest first, equals in their order. */
  order(question: AnswerGroup, candidates: Int32Array): Int32Array;
  dispose(): void;
}

/** Trains the embedding on the training triples. */
export async function trainPrefilter(
  { embedding, keep, ...options }: PrefilterOptions,
  { entities, relations, train }: NumberedTriples,
  { streams, progress, signal }: EvaluationNeeds,
): Promise<Prefilter> {
  const [entityIds, relationIds] = [entities, relations].map((terms) => terms.map(({ id }) => id)) as [
    string[],
    string[],
  ];
  const numbers = (ids: readonly string[]) => new Map(ids.map((id, number) => [id, number]));
  const index = {
    entityIds,
    relationIds,
    entityNumber: numbers(entityIds),
    relationNumber: numbers(relationIds),
    triples: train,
  };
  const model = models[embedding].create(models[embedding].options.parse(options), {});
  const trained = await trainEmbedding({ train: index, model, streams, progress, signal });
  const scorer = new AnswerScorer(model, trained);
  return {
    keep,
    order({ known, asked }, candidates) {
      const scores = scorer.scores(known, asked);
      return candidates.toSorted((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    },
    dispose: () => scorer.dispose(),
  };
}
