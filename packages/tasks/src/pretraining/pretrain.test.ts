import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchArrays, createFusedEncoder, type Fusion } from "@kgraft/fusion";
import { silent, streams } from "@kgraft/runtime";
import { type HostArray, openBackend, tf } from "@kgraft/tensor";
import type { Encoding, TextExample } from "@kgraft/text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  mlm,
  objectiveChoices,
  type PretrainInput,
  type PretrainOptions,
  pretrain,
  pretrainOptions,
} from "../index.ts";
import { type MadeWorld, madeModel, madeWorld } from "../testing/made-world.ts";
import { PretrainingBatches } from "./pretraining-batches.ts";
import { PretrainingTexts } from "./pretraining-texts.ts";

let world: MadeWorld;
let folder: string;

beforeAll(async () => {
  await openBackend("wasm");
  world = await madeWorld();
  folder = await mkdtemp(join(tmpdir(), "kgraft-pretrain-"));
});

afterAll(() => rm(folder, { recursive: true }));

type Strategy = "none" | "ernie-thu" | "injecting";

/** Puts three pieces behind the first, as a strategy that injects knowledge into the text does. */
const injecting: Fusion = {
  prepare: (_, encoding) => ({ encoding: withPieces(encoding, [5, 6, 7]), knowledge: undefined }),
};

function withPieces(encoding: Encoding, ids: readonly number[]): Encoding {
  const int32 = (values: Int32Array, added: readonly number[]) =>
    Int32Array.from([...values.subarray(0, 1), ...added, ...values.subarray(1)]);
  const zeros = ids.map(() => 0);
  return {
    ids: int32(encoding.ids, ids),
    tokens: [...encoding.tokens.slice(0, 1), ...ids.map(String), ...encoding.tokens.slice(1)],
    typeIds: int32(encoding.typeIds, zeros),
    starts: int32(encoding.starts, zeros),
    ends: int32(encoding.ends, zeros),
    wordIds: int32(
      encoding.wordIds,
      ids.map(() => -1),
    ),
    sequenceIds: Int8Array.from([-1, ...ids.map(() => -1), ...encoding.sequenceIds.subarray(1)]),
    truncated: encoding.truncated,
  };
}

function modelOf(strategy: Strategy) {
  if (strategy !== "injecting") return madeModel(world, strategy);
  const { model, parameters } = madeModel(world, "none");
  return { model: createFusedEncoder(model.encoder, injecting), parameters };
}

interface Trial {
  readonly strategy?: Strategy;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly examples?: readonly TextExample[];
  readonly input?: Partial<PretrainInput>;
}

/** Pre-trains a fresh model of seed 1. */
async function pretrained({ strategy = "ernie-thu", options = {}, examples = world.splits.train, input }: Trial) {
  const { model, parameters } = modelOf(strategy);
  const before = await parameters.snapshot();
  try {
    const { tokenizer } = world;
    const objectives = [mlm.create(mlm.options.parse({}), { encoder: model.encoder, tokenizer })];
    const given = pretrainOptions.parse({ steps: 6, batchSize: 16, rate: 1e-3, newRate: 5e-3, ...options });
    const result = await pretrain({
      examples,
      objectives,
      model,
      parameters,
      tokenizer,
      options: given,
      streams: streams(1),
      progress: silent,
      ...input,
    });
    return { ...result, before, after: await parameters.snapshot() };
  } finally {
    parameters.dispose();
  }
}

/** The batches of an arm without training. */
async function batchesOf(strategy: Strategy, limit: { batchSize: number } | { batchTokens: number }) {
  const { model, parameters } = modelOf(strategy);
  parameters.dispose();
  const { tokenizer, splits } = world;
  const texts = await PretrainingTexts.read(splits.train, { model, tokenizer, maxLength: 32, streams: streams(1) });
  return new PretrainingBatches({
    model,
    objectives: [mlm.create(mlm.options.parse({}), { encoder: model.encoder, tokenizer })],
    texts,
    limit,
    streams: streams(1),
  });
}

/** What each example is to predict: its true pieces at text positions, injected pieces not counted. */
function predicted(batch: Awaited<ReturnType<PretrainingBatches["at"]>>, injected: number) {
  const array = (name: string) => batch.arrays[name] as HostArray;
  const length = array(batchArrays.inputIds).shape[1] as number;
  const [positions, labels, counts] = ["positions", "labels", "counts"].map(
    (name) => array(`objective/mlm/${name}`).data,
  );
  const ids = array(batchArrays.inputIds).data;
  return Array.from(counts ?? []).flatMap((count, k) => {
    const place = positions?.[k] as number;
    const row = Math.floor(place / length);
    return count === 0 ? [] : [[batch.ids?.[row], (place % length) - injected, labels?.[k], ids[place]]];
  });
}

const differing = (
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
  names: RegExp,
): readonly string[] =>
  [...a.keys()].filter((name) => names.test(name) && a.get(name)?.some((value, i) => value !== b.get(name)?.[i]));

describe("pre-training", () => {
  it("lowers the loss of hidden pieces and the strategy's own, and returns both curves", async () => {
    const tensors = tf.memory().numTensors;
    const { losses, steps, examplesSeen, tokens, counts } = await pretrained({ options: { steps: 40 } });
    expect(Object.keys(losses)).toHaveLength(2);
    expect([steps, examplesSeen]).toEqual([40, 40 * 16]);
    expect(tokens).toBeGreaterThan(40 * 16 * 4);
    expect(counts).toMatchObject({ truncatedExamples: 0, truncatedPieces: 0 });
    for (const curve of Object.values(losses)) {
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(curve).toHaveLength(40);
      expect(mean(curve.slice(-8))).toBeLessThan(0.97 * mean(curve.slice(0, 8)));
    }
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it.each([{ batchSize: 16 }, { batchTokens: 200 }])(
    "reads the same texts in the same order with the same masks under every strategy, %j",
    async (limit) => {
      const [none, ernie, injected] = [
        await batchesOf("none", limit),
        await batchesOf("ernie-thu", limit),
        await batchesOf("injecting", limit),
      ];
      for (let step = 0; step < 20; step++) {
        const [plain, fused, longer] = [await none.at(step), await ernie.at(step), await injected.at(step)];
        expect(fused.ids).toEqual(plain.ids);
        expect(longer.ids).toEqual(plain.ids);
        expect(predicted(fused, 0)).toEqual(predicted(plain, 0));
        expect(predicted(longer, 3)).toEqual(predicted(plain, 0));
      }
    },
  );

  it("draws masks anew each epoch, and the same ones whatever the batch size", async () => {
    const masksOf = async (batchSize: number, epoch: number) => {
      const batches = await batchesOf("none", { batchSize });
      const perEpoch = world.splits.train.length / batchSize;
      const steps = await Promise.all(Array.from({ length: perEpoch }, (_, i) => batches.at(epoch * perEpoch + i)));
      return steps.flatMap((batch) => predicted(batch, 0)).sort((a, b) => `${a}`.localeCompare(`${b}`));
    };
    const first = await masksOf(16, 0);
    expect(await masksOf(32, 0)).toEqual(first);
    expect(await masksOf(16, 1)).not.toEqual(first);
    // Every text has at least one hidden piece, and every label is the piece that stood there.
    expect(new Set(first.map(([id]) => id)).size).toBe(world.splits.train.length);
  });

  it("hides most pieces behind the mask token and pads what is scored to one number a shape", async () => {
    const batches = await batchesOf("none", { batchSize: 16 });
    const all = await Promise.all(Array.from({ length: 12 }, (_, step) => batches.at(step)));
    const seen = all.flatMap((batch) => predicted(batch, 0));
    const masked = seen.filter(([, , , id]) => id === world.tokenizer.special.mask).length / seen.length;
    expect(masked).toBeGreaterThan(0.7);
    expect(masked).toBeLessThan(0.9);
    for (const { arrays } of all) {
      const [rows = 0, length = 0] = arrays[batchArrays.inputIds]?.shape ?? [];
      expect(arrays["objective/mlm/labels"]?.shape).toEqual([rows * Math.max(1, Math.round(0.15 * length))]);
    }
  });

  it("rewrites and prepares anew in each epoch, the same whatever the batch size, and hides no protected piece", async () => {
    const rewriting: Fusion = {
      rewrite: (example, draw) => ({
        example: { ...example, text: `${"hm ".repeat(draw.integer(3))}${example.text}` },
      }),
      prepare: (_, encoding) => ({ encoding, knowledge: undefined, protectedPieces: [1, 2] }),
    };
    const { model, parameters } = madeModel(world, "none");
    parameters.dispose();
    const { tokenizer, splits } = world;
    const given = { model: createFusedEncoder(model.encoder, rewriting), tokenizer, streams: streams(1) };
    const objectives = [mlm.create(mlm.options.parse({ maskRate: 0.9 }), { encoder: model.encoder, tokenizer })];
    const lengthsOf = async (batchSize: number, epoch: number) => {
      const texts = await PretrainingTexts.read(splits.train, { ...given, maxLength: 32 });
      const batches = new PretrainingBatches({ ...given, objectives, texts, limit: { batchSize } });
      const lengths = new Map<string, number>();
      const perEpoch = splits.train.length / batchSize;
      for (let step = epoch * perEpoch; step < (epoch + 1) * perEpoch; step++) {
        const { arrays, ids = [] } = await batches.at(step);
        const { data, shape } = arrays[batchArrays.attentionMask] as HostArray;
        const width = shape[1] as number;
        for (const [row, id] of ids.entries())
          lengths.set(
            id,
            Array.from(data)
              .slice(row * width, (row + 1) * width)
              .filter((one) => one === 1).length,
          );
        for (const [, piece] of predicted({ arrays, ids, tokens: 0 }, 0)) expect([1, 2]).not.toContain(piece);
      }
      return lengths;
    };
    const first = await lengthsOf(16, 0);
    expect(await lengthsOf(32, 0)).toEqual(first);
    expect(await lengthsOf(16, 1)).not.toEqual(first);
  });

  it("trains heads and fusion alone for the head steps, then the encoder too", async () => {
    const heads = await pretrained({ options: { steps: 4, headSteps: 4 } });
    expect(differing(heads.before, heads.after, /^bert\./)).toEqual([]);
    expect(differing(heads.before, heads.after, /^fusion\//).length).toBeGreaterThan(1);
    const both = await pretrained({ options: { steps: 6, headSteps: 4, freezeLayers: 1 } });
    expect(both.losses.mlm?.slice(0, 4)).toEqual(heads.losses.mlm);
    expect(both.losses.mlm).toHaveLength(6);
    expect(differing(both.before, both.after, /embeddings|layer\.0\./)).toEqual([]);
    expect(differing(both.before, both.after, /^bert\.encoder\.layer\.1\./)).toHaveLength(16);
  });

  it("goes on where it was stopped, in either stage, to the same weights", async () => {
    const options = { steps: 8, headSteps: 3 };
    const whole = await pretrained({ options });
    for (const at of [2, 6]) {
      const stop = new AbortController();
      const checkpoint = { folder: join(folder, `at-${at}`), everySteps: 100, keep: 1, configHash: "x", resume: true };
      const onStep = ({ step }: { readonly step: number }) => step === at && stop.abort();
      const stopped = pretrained({ options, input: { checkpoint, signal: stop.signal, onStep } });
      await expect(stopped).rejects.toThrow(`tasks.pretrain: stopped after ${at} steps. Run again with --resume`);
      const resumed = await pretrained({ options, input: { checkpoint } });
      expect(resumed.after).toEqual(whole.after);
      expect(resumed.losses).toEqual(whole.losses);
    }
  });

  it("weighs losses by name; a weight for another strategy's head says nothing", async () => {
    const one = await pretrained({ strategy: "none" });
    const same = await pretrained({ strategy: "none", options: { weights: { "entity-alignment": 0.5 } } });
    const still = await pretrained({ strategy: "none", options: { weights: { mlm: 0 }, weightDecay: 0 } });
    expect(same.after).toEqual(one.after);
    expect(differing(still.before, still.after, /^bert\./)).toEqual([]);
  });

  it.each([
    ["an empty corpus", { examples: [] }, "pretrain: the corpus has no text. Wanted text to train on."],
    ["empty texts", { examples: [{ id: "1", text: " " }] }, "pretrain: all 1 texts of the corpus are empty"],
    [
      "nothing to learn",
      { strategy: "none", input: { objectives: [] } },
      "pretrain.objectives: there is no objective, and the strategy has none of its own. Wanted something to learn. Set objectives: [mlm].",
    ],
    [
      "the weight of a loss whose name is misspelt",
      { strategy: "none", options: { weights: { mml: 0.5 } } },
      'pretrain.weights.mml: there is no loss "mml". Losses here: mlm. Did you mean "mlm"?',
    ],
    [
      "too many frozen layers",
      { options: { freezeLayers: 5 } },
      "pretrain.freezeLayers: is 5, the encoder has 2 layers",
    ],
  ] as const)("refuses %s", async (_, trial, message) => {
    await expect(pretrained(trial as Trial)).rejects.toThrow(message);
  });

  it("refuses an objective that is named twice", async () => {
    const { model, parameters } = modelOf("none");
    const objective = mlm.create(mlm.options.parse({}), { encoder: model.encoder, tokenizer: world.tokenizer });
    parameters.dispose();
    await expect(pretrained({ input: { objectives: [objective, objective] } })).rejects.toThrow(
      'pretrain.objectives: "mlm" stands twice. Wanted each loss once.',
    );
  });
});

describe("the options of pre-training", () => {
  it("name objectives, with options where wanted", () => {
    const options: PretrainOptions = pretrainOptions.parse({ objectives: ["mlm", { name: "mlm", maskRate: 0.4 }] });
    expect(objectiveChoices(options)).toEqual([
      { name: "mlm", options: {} },
      { name: "mlm", options: { maskRate: 0.4 } },
    ]);
    expect(objectiveChoices(pretrainOptions.parse({}))).toEqual([{ name: "mlm", options: {} }]);
  });

  it.each([
    [{ batchSize: 8, batchTokens: 800 }, "batchTokens", "stands beside batchSize: state one of them"],
    [{ batchTokens: 100 }, "batchTokens", "must be at least maxLength, 128"],
    [{ steps: 3, headSteps: 4 }, "headSteps", "must be at most steps, 3"],
    [{ step: 3 }, "", 'Unrecognized key: "step"'],
  ])("refuse %j", (given, path, message) => {
    const { error } = pretrainOptions.safeParse(given);
    expect(error?.issues[0]?.path.join(".")).toBe(path);
    expect(error?.issues[0]?.message).toContain(message);
  });
});
