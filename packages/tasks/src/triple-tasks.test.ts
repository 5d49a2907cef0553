import { createEncoder } from "@kgraft/encoder";
import { smallEncoder } from "@kgraft/fusion/testing";
import { silent, streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { exampleScorer } from "./example-scorer.ts";
import {
  finetune,
  linkPrediction,
  relationPrediction,
  type Task,
  type TaskDefinition,
  tripleClassification,
} from "./index.ts";
import { ringExample, ringSplits, tripleModel } from "./testing/made-triples.ts";

beforeAll(() => openBackend("wasm"));

const quick = { epochs: 2, batchSize: 16, rate: 5e-3, newRate: 1e-2, freezeLayers: 1, maxLength: 16 };

// biome-ignore lint/suspicious/noExplicitAny: tasks of every option type
async function tuned(definition: TaskDefinition<any, any>, options: object = {}, strategy?: "none" | "kg-bert") {
  const { world, model, parameters } = await tripleModel(strategy);
  try {
    const splits = ringSplits();
    const task = definition.create(definition.options.parse({ ...quick, ...options }), {
      splits,
      encoder: model.encoder,
    });
    const { tokenizer } = world;
    return await finetune({ task, model, parameters, tokenizer, streams: streams(1), progress: silent });
  } finally {
    parameters.dispose();
  }
}

describe("link prediction", () => {
  it("trains on five negatives a positive and ranks both sides among all entities", async () => {
    const tensors = tf.memory().numTensors;
    const { test, training, counts } = await tuned(linkPrediction);
    expect(training.losses["link-prediction"]).toHaveLength(2 * Math.ceil((12 * 6) / 16));
    expect(counts.train.partsWithoutPieces).toBe(0);
    expect(test.report.lines).toBe(8);
    const { scores } = test.report;
    expect(Object.keys(scores)).toEqual(
      expect.arrayContaining(["mr", "mrr", "hits@10", "optimistic.mrr", "head.mr", "tail.mr"]),
    );
    expect(scores["hits@10"]).toBe(1);
    expect(scores.mrr).toBeGreaterThan(0.1);
    expect(scores["optimistic.mrr"]).toBeGreaterThanOrEqual(scores["pessimistic.mrr"] as number);
    expect(test.predictions.map(({ id }) => id).slice(0, 2)).toEqual(["test-0/tail", "test-0/head"]);
    const [first] = test.triples ?? [];
    expect(first).toMatchObject({ relation: expect.any(String), score: expect.any(Number), asked: "tail", rank: 1 });
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it("is as exact for plain BERT, chooses the best epoch, and ranks a sample where it is told to", async () => {
    const { test, validation } = await tuned(linkPrediction, { keep: "best", maxRankedTriples: 2 }, "none");
    expect(validation?.report.lines).toBe(4);
    expect(test.predictions).toHaveLength(4);
  });

  it("ranks by the logit of class 1: what moves class 0, or all of class 1 alike, moves no rank", async () => {
    const { world, model, parameters } = await tripleModel();
    const splits = ringSplits();
    const task = linkPrediction.create(linkPrediction.options.parse(quick), { splits, encoder: model.encoder });
    parameters.add(task.parameters, streams(1));
    const ranks = async () => (await evaluated(task, { model, parameters, tokenizer: world.tokenizer })).report.scores;
    const before = await ranks();
    const weight = "head/link-prediction/classifier.weight";
    const bias = "head/link-prediction/classifier.bias";
    const values = (await parameters.snapshot()).get(weight) as Float32Array;
    const noisy = values.map((value, i) => (i < values.length / 2 ? value + Math.sin(i) : value));
    parameters.assign(weight, { dtype: "float32", shape: parameters.spec(weight).shape, data: noisy });
    parameters.assign(bias, { dtype: "float32", shape: [2], data: Float32Array.of(3, 0.25) });
    expect(await ranks()).toEqual(before);
    parameters.dispose();
  });
});

function evaluated(task: Task, model: Omit<Parameters<typeof exampleScorer>[0], "task">) {
  const needs = { score: exampleScorer({ task, ...model }), streams: streams(1), progress: silent };
  return task.evaluate?.("test", needs) as NonNullable<ReturnType<NonNullable<Task["evaluate"]>>>;
}

describe("scores of examples", () => {
  it("are the same to the bit for the same pieces, and near alone and in any company", async () => {
    const { world, model, parameters } = await tripleModel();
    const task = linkPrediction.create(linkPrediction.options.parse(quick), {
      splits: ringSplits(),
      encoder: model.encoder,
    });
    parameters.add(task.parameters, streams(1));
    const score = exampleScorer({ task, model, parameters, tokenizer: world.tokenizer });
    const examples = Array.from({ length: 10 }, (_, i) => ringExample(`${i}`, i, i % 2, (3 * i) % 10));
    const together = await score([...examples, ...examples.toReversed()]);
    const long = {
      ...examples[0],
      id: "long",
      triple: { ...examples[0]?.triple, head: { id: "x", text: "old old old old old old" } },
    };
    const mixed = await score([long as (typeof examples)[number], ...examples]);
    for (const [i, example] of examples.entries()) {
      expect(together[19 - i]).toEqual(together[i]);
      const [alone] = await score([example]);
      for (const c of [0, 1]) {
        expect(alone?.[c]).toBeCloseTo(together[i]?.[c] as number, 5);
        expect(mixed[i + 1]?.[c]).toBeCloseTo(together[i]?.[c] as number, 5);
      }
    }
    parameters.dispose();
  });
});

describe("triple classification", () => {
  it("judges true triples and one false one beside each, the same for every seed of a run", async () => {
    const { test, training } = await tuned(tripleClassification);
    expect(training.losses["triple-classification"]).toHaveLength(2 * Math.ceil((12 * 2) / 16));
    expect(test.report.lines).toBe(8);
    expect(test.predictions.map(({ id }) => id).slice(0, 2)).toEqual(["test-0", "test-0/negative-0"]);
    expect(test.report.scores.accuracy).toBeGreaterThanOrEqual(0);
    const { model, parameters } = await tripleModel();
    parameters.dispose();
    const made = () =>
      tripleClassification.create(tripleClassification.options.parse(quick), {
        splits: ringSplits(),
        encoder: model.encoder,
      });
    expect(made().splits).toEqual(made().splits);
    const known = Object.values(ringSplits())
      .flat()
      .map(({ text }) => text);
    for (const { text, labels } of made().splits.test) expect(known.includes(text)).toBe(labels?.[0] === "1");
  });
});

describe("relation prediction", () => {
  it("reads head and tail as a pair and ranks all relations", async () => {
    const { test } = await tuned(relationPrediction, { epochs: 1 });
    expect(Object.keys(test.predictions[0]?.scores ?? {})).toEqual(["next", "twice"]);
    const { scores, lines } = test.report;
    expect(lines).toBe(4);
    expect(scores.mr).toBeLessThanOrEqual(scores["raw.mr"] as number);
    expect(scores["hits@3"]).toBe(1);
  });

  it("leaves other known relations of a pair out of the filtered rank", () => {
    const splits = ringSplits();
    const [one] = splits.test;
    const other = { ...one, id: "other", triple: { ...one?.triple, relation: { id: "zero", text: "in" } } };
    const more = { ...splits, train: [...splits.train, other as typeof one & object] };
    const task = relationPrediction.create(relationPrediction.options.parse(quick), {
      splits: more,
      encoder: createEncoder(smallEncoder),
    });
    const gold = task.splits.test.slice(0, 1);
    const right = gold[0]?.labels?.[0] as string;
    const scores = Object.fromEntries(
      task.labels.map((label) => [label, label === "zero" ? 0.9 : label === right ? 0.06 : 0.04]),
    );
    const found = task.score(gold, [{ id: gold[0]?.id as string, labels: ["zero"], scores }]).scores;
    expect([found.accuracy, found["raw.mr"], found.mr]).toEqual([0, 2, 1]);
  });
});
