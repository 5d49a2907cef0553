import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silent, streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { EvaluationNeeds, Splits } from "../contract.ts";
import { ringExample, ringSplits } from "../testing/made-triples.ts";
import { numberTriples } from "../triples/numbered-triples.ts";
import { CellScores } from "./cell-scores.ts";
import { trainPrefilter } from "./prefilter.ts";
import { type RankedQuestion, type RankQuestionsRequest, rankQuestions } from "./rank-questions.ts";

beforeAll(() => openBackend("cpu"));

/** A number for a triple's words: the same for the same words, few enough that some are equal. */
function scoreOf({ triple }: TextExample): number {
  const text = `${triple?.head.text} ${triple?.relation.text} ${triple?.tail.text}`;
  let hash = 7;
  for (const unit of text) hash = (hash * 31 + unit.charCodeAt(0)) % 1009;
  return (hash % 13) / 4 - 1;
}

const needs = (scored: string[] = [], more: Partial<EvaluationNeeds> = {}): EvaluationNeeds => ({
  score: async (examples) => {
    scored.push(...examples.map(({ text }) => text));
    return examples.map((example) => Float32Array.of(0, scoreOf(example)));
  },
  streams: streams(1),
  progress: silent,
  ...more,
});

async function ranked(splits: Splits, more: Partial<RankQuestionsRequest> = {}, given = needs()) {
  const triples = numberTriples(splits, "link-prediction");
  const request = { triples, ranked: triples.test, keepBest: 3, label: "a test", ...more };
  return rankQuestions(request, given);
}

/** Ranks by definition, one question of one triple at a time: [optimistic, pessimistic]. */
function byDefinition(splits: Splits, example: TextExample, side: "head" | "tail"): [number, number] {
  const known = new Set(Object.values(splits).flatMap((part) => part.map(({ text }: TextExample) => text)));
  let [above, equal] = [0, 0];
  for (let entity = 0; entity < 10; entity++) {
    const one = corrupted(example, side, entity);
    if (known.has(one.text)) continue;
    if (scoreOf(one) > scoreOf(example)) above++;
    else if (scoreOf(one) === scoreOf(example)) equal++;
  }
  return [above + 1, above + equal + 1];
}

function corrupted({ triple }: TextExample, side: "head" | "tail", entity: number): TextExample {
  const number = (id: string | undefined) => Number(id?.slice(1));
  const relation = triple?.relation.id === "next" ? 0 : 1;
  return side === "head"
    ? ringExample("x", entity, relation, number(triple?.tail.id))
    : ringExample("x", number(triple?.head.id), relation, entity);
}

/** Optimistic and pessimistic ranks of an example's sides, found among ranked questions. */
function found(splits: Splits, questions: readonly RankedQuestion[], example: TextExample, side: "head" | "tail") {
  const { numbersOf, relations } = numberTriples(splits, "link-prediction");
  const [head, relation, tail] = numbersOf(example);
  const [known, asked, answer] = side === "tail" ? [head, relation, tail] : [tail, relations.length + relation, head];
  const question = questions.find((one) => one.known === known && one.asked === asked);
  const rank = question?.ranked.find(({ entity }) => entity === answer);
  return [rank?.optimistic, rank?.pessimistic];
}

describe("ranking", () => {
  it("gives the filtered ranks of the definition, ties at both ends", async () => {
    const splits = ringSplits();
    const questions = await ranked(splits);
    for (const example of splits.test)
      for (const side of ["head", "tail"] as const)
        expect(found(splits, questions, example, side)).toEqual(byDefinition(splits, example, side));
    const all = questions.flatMap((question) => question.ranked);
    expect(all.some(({ optimistic, pessimistic }) => optimistic < pessimistic)).toBe(true);
  });

  it("asks each question once and scores no triple twice, nor a known one that is not ranked", async () => {
    const splits = ringSplits();
    const twin = splits.test
      .flatMap((one) => [one, corrupted(one, "tail", 0)])
      .map((one, i) => ({ ...one, id: `${i}` }));
    const scored: string[] = [];
    const questions = await ranked({ ...splits, test: twin }, {}, needs(scored));
    expect(questions.length).toBeLessThan(2 * twin.length);
    const perQuestion = new Set(scored);
    expect(perQuestion.size).toBe(scored.length);
    for (const { text } of splits.train) expect(perQuestion.has(text)).toBe(false);
  });

  it("does not depend on the order of entities or triples", async () => {
    const splits = ringSplits();
    const turned = { ...splits, train: splits.train.toReversed(), test: splits.test.toReversed() };
    const [one, other] = [await ranked(splits), await ranked(turned)];
    for (const example of splits.test)
      for (const side of ["head", "tail"] as const)
        expect(found(turned, other, example, side)).toEqual(found(splits, one, example, side));
  });

  it("loses one rank for each known triple that outranks the true one", async () => {
    const splits = ringSplits();
    const example = splits.test.find((one) => byDefinition(splits, one, "tail")[0] > 1) as TextExample;
    const [before] = found(splits, await ranked(splits), example, "tail");
    const better = Array.from({ length: 10 }, (_, entity) => corrupted(example, "tail", entity)).find(
      (one) =>
        scoreOf(one) > scoreOf(example) &&
        !Object.values(splits)
          .flat()
          .some(({ text }) => text === one.text),
    ) as TextExample;
    const more = { ...splits, train: [...splits.train, { ...better, id: "known now" }] };
    expect(found(more, await ranked(more), example, "tail")[0]).toBe((before as number) - 1);
  });

  it("goes on from its journal, also after a line that was cut short", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kgraft-ranking-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const splits = ringSplits();
    const place = { path: join(folder, "test.jsonl"), key: "a", goOn: true };
    const whole = await ranked(splits, {}, needs([], { journal: place }));
    const lines = (await readFile(place.path, "utf8")).split("\n");
    expect(lines).toHaveLength(1 + whole.length + 1);
    await writeFile(place.path, `${lines.slice(0, 4).join("\n")}\n${lines[4]?.slice(0, 20)}`);
    const scored: string[] = [];
    const resumed = await ranked(splits, {}, needs(scored, { journal: place }));
    expect(resumed).toEqual(whole);
    const none: string[] = [];
    expect(await ranked(splits, {}, needs(none, { journal: place }))).toEqual(whole);
    expect(none).toEqual([]);
    const others: string[] = [];
    await ranked(splits, {}, needs(others, { journal: { ...place, key: "b" } }));
    expect(others.length).toBeGreaterThan(scored.length);
  });

  it("stops when it is told to, and refuses a score that is no number", async () => {
    await expect(ranked(ringSplits(), {}, needs([], { signal: AbortSignal.abort() }))).rejects.toThrow(
      "tasks.link-prediction: stopped after 0 of 8 questions. Run again with --resume to go on from there.",
    );
    const broken = needs([], { score: async (all) => all.map(() => Float32Array.of(0, Number.NaN)) });
    await expect(ranked(ringSplits(), {}, broken)).rejects.toThrow("has the score NaN. Wanted a finite number.");
  });
});

describe("ranking behind a prefilter", () => {
  it("orders its candidates by the model, all others behind them by the embedding", async () => {
    const splits = ringSplits();
    const triples = numberTriples(splits, "link-prediction");
    const options = { embedding: "complex", keep: 4, epochs: 5, dimension: 8 } as const;
    const prefilter = await trainPrefilter(options, triples, needs());
    onTestFinished(() => prefilter.dispose());
    const scored: string[] = [];
    const questions = await ranked(splits, { prefilter }, needs(scored));
    expect(scored.length).toBeLessThanOrEqual(4 * questions.length);
    for (const { ranked: answers, best } of questions) {
      expect(best.length).toBeLessThanOrEqual(3);
      for (const { optimistic, pessimistic, candidates } of answers) {
        expect(optimistic).toBeGreaterThan(0);
        expect(pessimistic).toBeLessThanOrEqual(candidates);
      }
    }
    const all = await trainPrefilter({ ...options, keep: 10 }, triples, needs());
    onTestFinished(() => all.dispose());
    const ranks = (made: readonly RankedQuestion[]) => made.map((question) => question.ranked);
    expect(ranks(await ranked(splits, { prefilter: all }))).toEqual(ranks(await ranked(splits)));
  });
});

describe("a table of scores", () => {
  it("keeps what it was given, beyond 32 bits and through growth", () => {
    const scores = new CellScores();
    const keys = Array.from({ length: 5000 }, (_, i) => i * 4_294_967_291 + i);
    for (const [i, key] of keys.entries()) scores.set(key, i / 2);
    for (const [i, key] of keys.entries()) expect(scores.get(key)).toBe(i / 2);
    expect(scores.get(3)).toBeUndefined();
    scores.set(keys[7] as number, -1);
    expect(scores.get(keys[7] as number)).toBe(-1);
  });
});
