import { streams } from "@kgraft/runtime";
import type { TextExample } from "@kgraft/text";
import { likeliestOf } from "../classification/one-label.ts";
import { assertExamples } from "../classification/splits.ts";
import type { EvaluationNeeds, SplitResult, Task, TaskDefinition, TaskNeeds, TaskReport } from "../contract.ts";
import { scoreClasses } from "../metrics/classification.ts";
import { trainingNegatives, validityLabels } from "../triples/judged-examples.ts";
import { isTrue, type NumberedTriples, numberTriples } from "../triples/numbered-triples.ts";
import { sequenceHead } from "../triples/sequence-head.ts";
import { type LinkPredictionOptions, linkPredictionOptions } from "./options.ts";
import { type Prefilter, trainPrefilter } from "./prefilter.ts";
import { rankQuestions } from "./rank-questions.ts";
import { reportRanking } from "./report.ts";

const name = "link-prediction";

/** Link prediction: which entity answers (head, relation, ?) and (?, relation, tail). */
export const linkPrediction: TaskDefinition<LinkPredictionOptions, TaskReport> = {
  name,
  summary: "Ranks the head and the tail of triples among all entities: filtered mean rank, MRR, hits at 1, 3 and 10.",
  paper: {
    title: "KG-BERT: BERT for Knowledge Graph Completion",
    authors: "Yao, Mao, Luo",
    venue: "arXiv 2019",
    url: "https://arxiv.org/abs/1909.03193",
  },
  options: linkPredictionOptions,
  examples: "triple",
  create: createLinkPrediction,
};

function createLinkPrediction(options: LinkPredictionOptions, { splits, encoder }: TaskNeeds): Task {
  assertExamples(splits, name);
  const triples = numberTriples(splits, name);
  const ranking = new Ranking(triples, options);
  return {
    name,
    labels: validityLabels,
    training: options,
    metric: options.metric,
    notes:
      options.prefilter === undefined
        ? []
        : [`ranks are approximate: the encoder scores ${options.prefilter.keep} candidates of each question`],
    splits,
    trainingExamples: trainingNegatives(splits.train, { triples, negatives: options.negatives, task: name }),
    ...sequenceHead(encoder, name, validityLabels),
    predict: likeliestOf(validityLabels),
    score: (gold, predictions) =>
      scoreClasses(
        gold.map(({ id, labels = ["1"] }) => ({ id, labels })),
        predictions,
        { at: `tasks.${name}` },
      ),
    evaluate: (split, needs) => ranking.evaluate(split, splits[split], needs),
  };
}

/** Ranks parts of the data. */
class Ranking {
  readonly #triples: NumberedTriples;
  readonly #options: LinkPredictionOptions;

  constructor(triples: NumberedTriples, options: LinkPredictionOptions) {
    this.#triples = triples;
    this.#options = options;
  }

  async evaluate(
    split: "validation" | "test",
    examples: readonly TextExample[],
    needs: EvaluationNeeds,
  ): Promise<SplitResult<TaskReport>> {
    const { predictions: keepBest, prefilter: chosen } = this.#options;
    const sample = this.#sample(
      examples.filter((example) => isTrue(example, `${name}.${split}`)),
      split,
    );
    const ranked = Int32Array.from(sample.flatMap((example) => this.#triples.numbersOf(example)));
    const prefilter: Prefilter | undefined = chosen && (await trainPrefilter(chosen, this.#triples, needs));
    try {
      const questions = await rankQuestions(
        { triples: this.#triples, ranked, prefilter, keepBest, label: `Ranking ${split}` },
        needs,
      );
      return reportRanking(questions, sample, this.#triples);
    } finally {
      prefilter?.dispose();
    }
  }

  #sample(examples: readonly TextExample[], split: string): readonly TextExample[] {
    const { maxRankedTriples: most, sampleSeed } = this.#options;
    if (most === "all" || most >= examples.length) return examples;
    const order = streams(sampleSeed).at(`${name}/${split}`).permutation(examples.length);
    return Array.from(order.subarray(0, most).sort(), (index) => examples[index] as TextExample);
  }
}
