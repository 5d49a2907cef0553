import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, silent, streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entityTyping, type FinetuneInput, finetune, type Splits } from "./index.ts";
import type { EntityTypingReport } from "./metrics/entity-typing.ts";
import { type MadeWorld, madeModel, madeTypes, madeWorld } from "./testing/made-world.ts";

let world: MadeWorld;
let folder: string;

beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
  folder = await mkdtemp(join(tmpdir(), "kgraft-finetune-"));
});

afterAll(() => rm(folder, { recursive: true }));

interface Trial {
  readonly strategy?: "none" | "ernie-thu";
  /** As a config writes them. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly splits?: Splits;
  readonly input?: Partial<FinetuneInput<EntityTypingReport>>;
}

const quick = { labels: "single", epochs: 2, batchSize: 16, rate: 5e-3, newRate: 1e-2, freezeLayers: 1 };

/** Fine-tunes a fresh model of seed 1. */
async function tuned({ strategy = "ernie-thu", options, splits = world.splits, input }: Trial) {
  const { model, parameters } = madeModel(world, strategy);
  const before = await parameters.snapshot();
  try {
    const given = entityTyping.options.parse({ ...quick, ...options });
    const task = entityTyping.create(given, { splits, encoder: model.encoder });
    const { tokenizer } = world;
    const fixed = { task, model, parameters, tokenizer, streams: streams(1), progress: silent };
    const result = await finetune({ ...fixed, ...input });
    return { ...result, before, after: await parameters.snapshot() };
  } finally {
    parameters.dispose();
  }
}

/** Numbers of a split that stay small. */
const few = (count: number): Splits => ({
  train: world.splits.train.slice(0, count),
  validation: world.splits.validation.slice(0, count),
  test: world.splits.test.slice(0, count),
});

const listening = (): { notes: string[]; progress: Progress } => {
  const notes: string[] = [];
  return { notes, progress: { ...silent, note: (text) => notes.push(text) } };
};

describe("fine-tuning entity typing", () => {
  it("learns with a fusion what only the entity vectors know, and cannot without", async () => {
    const tensors = tf.memory().numTensors;
    const [fused, plain] = [
      await tuned({ options: { epochs: 8 } }),
      await tuned({ strategy: "none", options: { epochs: 8 } }),
    ];
    expect(fused.test.report.scores.strictAccuracy).toBeGreaterThan(0.95);
    expect(plain.test.report.scores.strictAccuracy).toBeLessThan(0.5);
    expect(fused.test.report.lines).toBe(world.splits.test.length);
    expect(fused.test.predictions.map(({ id }) => id)).toEqual(world.splits.test.map(({ id }) => id));
    expect(Object.keys(fused.test.predictions[0]?.scores ?? {})).toEqual(madeTypes);
    const curve = fused.training.losses["entity-typing"] ?? [];
    expect(curve).toHaveLength(48);
    expect(Math.max(...curve.slice(-6))).toBeLessThan(0.5 * (curve[0] ?? 0));
    expect(fused.storedLayer).toBe(1);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it("leaves the embeddings and the frozen layers as they are, and trains the rest that the head reads", async () => {
    const { before, after } = await tuned({ splits: few(32) });
    const moved = (name: string) => after.get(name)?.some((value, i) => value !== before.get(name)?.[i]);
    const still = [...before.keys()].filter((name) => !moved(name));
    expect(still.filter((name) => /embeddings|layer\.0\./.test(name))).toHaveLength(5 + 16);
    expect(still.filter((name) => name.includes("encoder.layer.1."))).toEqual([]);
    expect(after.has("head/entity-typing/classifier.weight")).toBe(true);
  });

  it("stores nothing where nothing is frozen, or the strategy starts lower", async () => {
    const plain = await tuned({ options: { freezeLayers: 0, epochs: 1 }, splits: few(16) });
    expect(plain.storedLayer).toBe(0);
    const { model } = madeModel(world, "ernie-thu");
    const lower = { ...model, firstLayer: 0 };
    expect((await tuned({ options: { epochs: 1 }, splits: few(16), input: { model: lower } })).storedLayer).toBe(0);
  });

  it("gives the same bytes for the same seed, others for another", async () => {
    const run = async (seed: number) => {
      const { test, after } = await tuned({ splits: few(32), input: { streams: streams(seed) } });
      return { lines: JSON.stringify(test.predictions), weights: after };
    };
    const [one, same, other] = [await run(1), await run(1), await run(2)];
    expect(same).toEqual(one);
    expect(other.lines).not.toBe(one.lines);
  });

  it("goes on where it was stopped, to the same weights and predictions", async () => {
    const whole = await tuned({ splits: few(48), options: { keep: "best" } });
    const stop = new AbortController();
    const checkpoint = { folder: join(folder, "resumed"), everySteps: 100, keep: 1, configHash: "x", resume: true };
    const run = { splits: few(48), options: { keep: "best" } };
    const stopped = tuned({
      ...run,
      input: { checkpoint, signal: stop.signal, onStep: ({ step }) => step === 4 && stop.abort() },
    });
    await expect(stopped).rejects.toThrow("tasks.entity-typing: stopped after 4 steps. Run again with --resume");
    const resumed = await tuned({ ...run, input: { checkpoint } });
    expect(resumed.after).toEqual(whole.after);
    expect(resumed.test).toEqual(whole.test);
    expect(resumed.training.losses).toEqual(whole.training.losses);
  });

  it("keeps the epoch that is best on validation", async () => {
    const { training, validation } = await tuned({ options: { keep: "best", epochs: 5, metric: "strictAccuracy" } });
    const scores = training.evaluations.map(({ metrics }) => metrics.strictAccuracy);
    expect(scores).toHaveLength(5);
    expect(training.best?.value).toBe(Math.max(...(scores as number[])));
    expect(validation?.report.scores.strictAccuracy).toBe(training.best?.value);
  });

  it("trains any number of labels with a sigmoid each", async () => {
    const both = (example: Splits["train"][number]) => ({
      ...example,
      labels: example.labels?.[0] === "place" ? [] : [...(example.labels ?? []), "thing"],
    });
    const splits = {
      train: world.splits.train.map(both),
      validation: [],
      test: world.splits.test.map(both),
    };
    const { test, validation } = await tuned({ splits, options: { labels: "multiple", epochs: 12 } });
    expect(validation).toBeUndefined();
    expect(test.report.scores.looseMicroF1).toBeGreaterThan(0.9);
    expect(test.predictions.some(({ labels }) => labels.length === 0)).toBe(true);
    expect(test.predictions.some(({ labels }) => labels.length === 2)).toBe(true);
  });

  it.each(["first-piece", "cls", "pooler"])("pools by %s, with markers", async (pooling) => {
    const { training } = await tuned({ splits: few(16), options: { pooling, markers: ["the ", " of"], epochs: 1 } });
    expect(training.losses["entity-typing"]?.every(Number.isFinite)).toBe(true);
  });

  it("predicts nothing where the target was cut off, and says how many", async () => {
    const long = { ...world.splits.test[0], id: "long" } as Splits["test"][number];
    const text = `${"song ".repeat(12)}${long.text}`;
    const moved = (span: { start: number; end: number }) => ({ ...span, start: span.start + 60, end: span.end + 60 });
    const cut = { ...long, text, target: moved(long.target as { start: number; end: number }), mentions: [] };
    const splits = { ...few(16), train: [...few(16).train, cut], test: [cut, ...few(2).test] };
    const { notes, progress } = listening();
    const options = { maxLength: 14, epochs: 1 };
    const { test, counts } = await tuned({ splits, options, input: { progress } });
    expect(test.predictions[0]).toEqual({ id: "long", labels: [] });
    expect(test.report.lines).toBe(3);
    expect(counts.train.targetsCutOff).toBe(1);
    expect(counts.test).toMatchObject({ targetsCutOff: 1, truncatedExamples: 1 });
    expect(notes.join("\n")).toContain(
      "train: the target of 1 of 17 examples lies beyond 14 pieces; they are left out",
    );
    expect(notes.join("\n")).toContain(
      "test: the target of 1 of 3 examples lies beyond 14 pieces; nothing is predicted",
    );
    const all = tuned({ splits: { ...splits, train: [cut] }, options: { ...options, types: madeTypes } });
    await expect(all).rejects.toThrow("entity-typing.train: the target of all 1 examples lies beyond 14 pieces");
  });

  it("keeps stored states in a folder for the next run", async () => {
    const statesFolder = join(folder, "states");
    const run = () => tuned({ splits: few(16), options: { epochs: 1 }, input: { statesFolder } });
    const first = await run();
    expect((await readdir(statesFolder)).map((name) => name.replace(/[0-9a-f]{32}/, "#"))).toEqual(["states-#"]);
    expect((await run()).after).toEqual(first.after);
    expect((await tuned({ splits: few(16), options: { epochs: 1 } })).after).toEqual(first.after);
  });

  it.each([
    [
      "keep: best without validation",
      { keep: "best" },
      { validation: [] },
      'entity-typing.keep: is "best", but there are no validation examples to choose by. Give a validation file',
    ],
    [
      "more frozen layers than there are",
      { freezeLayers: 3 },
      {},
      "entity-typing.freezeLayers: is 3, the encoder has 2 layers. Wanted 0 to 2.",
    ],
    ["no training examples", {}, { train: [] }, "entity-typing.train: there is no example. Wanted at least one."],
    [
      "an example without target",
      {},
      { test: [{ id: "bare", text: "x", labels: ["place"] }] },
      'entity-typing.test: example "bare" has no target. Wanted a span of its text',
    ],
    [
      "a target outside its text",
      {},
      { test: [{ id: "off", text: "x", target: { start: 0, end: 2 }, labels: ["place"] }] },
      'example "off" has the target [0, 2) in a text of 1.',
    ],
  ])("refuses %s", async (_, options, splits, message) => {
    await expect(tuned({ options, splits: { ...few(16), ...splits } })).rejects.toThrow(message);
  });
});

describe("the options of entity typing", () => {
  it.each([
    [{ labels: "single", threshold: 0.5 }, "threshold", "has a meaning with labels: multiple only"],
    [{ rate: 0 }, "rate", "expected number to be >0"],
    [{ epoch: 3 }, "", 'Unrecognized key: "epoch"'],
    [{ pooling: "mean" }, "pooling", "mention-mean"],
  ])("refuse %j", (given, path, message) => {
    const { error } = entityTyping.options.safeParse(given);
    expect(error?.issues[0]?.path.join(".")).toBe(path);
    expect(error?.issues[0]?.message).toContain(message);
  });
});
