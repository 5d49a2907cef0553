import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEncoder, maskedLanguageModelHead } from "@kgraft/encoder";
import { batchArrays, createFusedEncoder, type Fusion, none, wklm } from "@kgraft/fusion";
import { type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import { silent, streams } from "@kgraft/runtime";
import { type HostArray, openBackend, Parameters } from "@kgraft/tensor";
import { piecesOf, type TextExample } from "@kgraft/text";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mlm, type PretrainInput, pretrain, pretrainOptions } from "../index.ts";
import { PretrainingBatches } from "./pretraining-batches.ts";
import { PretrainingTexts } from "./pretraining-texts.ts";

let world: SmallWorld;
let corpus: readonly TextExample[];
let folder: string;

beforeAll(async () => {
  await openBackend("wasm");
  const small = await smallWorld();
  world = { ...small, encoder: { ...small.encoder, numLayers: 2 } };
  corpus = Array.from({ length: 12 }, (_, i) => world.examples.map((one) => ({ ...one, id: `${one.id} ${i}` }))).flat();
  folder = await mkdtemp(join(tmpdir(), "kgraft-wklm-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A fresh model of seed 1; undefined options are `none`. */
function modelOf(options: Readonly<Record<string, unknown>> | undefined) {
  const fusion = options === undefined ? none.create({}, world) : wklm.create(wklm.options.parse(options), world);
  return createFusedEncoder(createEncoder(world.encoder), fusion as Fusion);
}

const objectivesOf = (model: ReturnType<typeof modelOf>, maskRate = 0.15) => [
  mlm.create(mlm.options.parse({ maskRate }), { encoder: model.encoder, tokenizer: world.tokenizer }),
];

interface Trial {
  readonly strategy?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly input?: Partial<PretrainInput>;
}

async function pretrained({ strategy, options = {}, input = {} }: Trial) {
  const model = modelOf(strategy);
  const parameters = Parameters.create(model.parameters, streams(1));
  try {
    const result = await pretrain({
      examples: corpus,
      objectives: objectivesOf(model),
      model,
      parameters,
      tokenizer: world.tokenizer,
      options: pretrainOptions.parse({ steps: 6, batchSize: 8, rate: 1e-3, newRate: 5e-3, ...options }),
      streams: streams(1),
      progress: silent,
      ...input,
    });
    return { ...result, after: await parameters.snapshot() };
  } finally {
    parameters.dispose();
  }
}

describe("WKLM's pre-training", () => {
  it("never hides a piece of a mention, and hides its rate of the others", async () => {
    const model = modelOf({ replaceRate: 0.5 });
    const { tokenizer } = world;
    const given = { model, tokenizer, streams: streams(1) };
    const texts = await PretrainingTexts.read(corpus, { ...given, maxLength: 40 });
    const objectives = objectivesOf(model, 0.4);
    const batches = new PretrainingBatches({ ...given, objectives, texts, limit: { batchSize: 8 } });
    let [hidden, expected] = [0, 0];
    for (let step = 0; step < 60; step++) {
      const { arrays, ids = [] } = await batches.at(step);
      const read = (name: string) => (arrays[name] as HostArray).data;
      const length = arrays[batchArrays.inputIds]?.shape[1] as number;
      const epoch = Math.floor(step / 6);
      const positions = read("objective/mlm/positions").subarray(0, read("objective/mlm/counts").indexOf(0));
      for (const [row, id] of ids.entries()) {
        const { example, encoding } = await texts.at(
          epoch,
          corpus.findIndex((one) => one.id === id),
        );
        const own = (example.mentions ?? []).flatMap((mention) => piecesOf(encoding, mention));
        const chosen = Array.from(positions).filter((place) => Math.floor(place / length) === row);
        for (const place of chosen) expect(own).not.toContain(place % length);
        const eligible = encoding.sequenceIds.filter((sequence) => sequence >= 0).length;
        hidden += chosen.length;
        expected += Math.round(0.4 * eligible) * (1 - new Set(own).size / eligible);
      }
    }
    expect(Math.abs(hidden - expected)).toBeLessThan(3 * Math.sqrt(expected));
  });

  it("is plain masked language modelling bit for bit at rate 0 and weight 0", async () => {
    const plain = await pretrained({});
    const neutral = await pretrained({ strategy: wklm.neutral, options: { weights: { entityReplacement: 0 } } });
    expect(neutral.losses.mlm).toEqual(plain.losses.mlm);
    for (const [name, values] of plain.after) expect(neutral.after.get(name), name).toEqual(values);
  });

  it("trains both losses into one transform of the masked-LM head", async () => {
    const names = maskedLanguageModelHead(world.encoder).transformParameters.map(({ name }) => name);
    const both = await pretrained({ strategy: {} });
    const plain = await pretrained({ strategy: {}, options: { weights: { entityReplacement: 0 } } });
    expect(Object.keys(both.losses)).toEqual(["mlm", "entityReplacement"]);
    for (const name of names) expect(both.after.get(name), name).not.toEqual(plain.after.get(name));
  });

  it("has the transform to itself where no objective brings the masked-LM head", async () => {
    const alone = await pretrained({ strategy: {}, input: { objectives: [] } });
    const own = [...alone.after.keys()].filter((name) => !name.startsWith("bert."));
    expect(own).toEqual([
      "fusion/wklm/boundary/kernel",
      "fusion/wklm/boundary/bias",
      "cls.predictions.transform.dense.weight",
      "cls.predictions.transform.dense.bias",
      "cls.predictions.transform.LayerNorm.weight",
      "cls.predictions.transform.LayerNorm.bias",
    ]);
    expect(Object.keys(alone.losses)).toEqual(["entityReplacement"]);
  });

  it("learns to tell originals, and counts what became of the mentions", async () => {
    const { losses, counts } = await pretrained({ strategy: {}, options: { steps: 150, newRate: 1e-2 } });
    const curve = losses.entityReplacement ?? [];
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(curve.slice(-10))).toBeLessThan(0.8 * mean(curve.slice(0, 5)));
    const { mentions = 0, mentionsDrawn = 0, mentionsReplaced } = counts;
    expect(mentions).toBe(72);
    expect(mentionsReplaced).toBe(mentionsDrawn);
    expect(Math.abs(mentionsDrawn - 0.3 * mentions)).toBeLessThan(3 * Math.sqrt(0.21 * mentions));
  });

  it("goes on where it was stopped, in a later epoch too, to the same weights", async () => {
    const options = { steps: 14, headSteps: 3 };
    const whole = await pretrained({ strategy: {}, options });
    const stop = new AbortController();
    const checkpoint = { folder, everySteps: 100, keep: 1, configHash: "x", resume: true };
    const onStep = ({ step }: { readonly step: number }) => step === 9 && stop.abort();
    const stopped = pretrained({ strategy: {}, options, input: { checkpoint, signal: stop.signal, onStep } });
    await expect(stopped).rejects.toThrow("tasks.pretrain: stopped after 9 steps");
    const resumed = await pretrained({ strategy: {}, options, input: { checkpoint } });
    expect(resumed.after).toEqual(whole.after);
    expect(resumed.losses).toEqual(whole.losses);
  });
});
