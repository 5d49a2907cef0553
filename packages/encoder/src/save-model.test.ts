import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenFamilies, goldenFolder } from "../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../tests/golden/tiny-tokenizer.ts";
import {
  addParameters,
  type Checkpoint,
  loadCheckpoint,
  type ModelPart,
  maskedLanguageModelHead,
  newModel,
  saveModel,
  type WeightToSave,
} from "./index.ts";

const python = process.env.KGRAFT_PYTHON;
let root: string;
let tokenizerPath: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-save-"));
  tokenizerPath = join(root, "tokenizer.json");
  await writeFile(tokenizerPath, tinyTokenizerJson());
  await openBackend("wasm");
});
afterAll(() => rm(root, { recursive: true, force: true }));

function weightsOf({ weights }: Checkpoint, keep: (name: string) => boolean = () => true): WeightToSave[] {
  return weights.names
    .filter(keep)
    .map((name) => ({ name, dtype: "float32", shape: weights.shape(name), data: () => weights.read(name) }));
}

const fusion: ModelPart = {
  options: { name: "ernie-thu", fusedLayers: [1] },
  weights: new Map([
    ["fusion/ernie-thu/layer.1/bias", { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) }],
    ["fusion/ernie-thu/entities", { dtype: "int32", shape: [1, 1], data: Int32Array.of(7) }],
  ]),
};

async function saveGolden(
  family: string,
  folder: string,
  keep?: (name: string) => boolean,
  fused = false,
): Promise<Checkpoint> {
  const model = await loadCheckpoint(`file:${goldenFolder(family)}`, { requireTokenizer: false });
  const { config } = model.encoder;
  const tokenizerFiles = new Map([["tokenizer.json", Buffer.from(tinyTokenizerJson())]]);
  const weights = weightsOf(model, keep);
  const { configJson } = model;
  await saveModel(folder, {
    config,
    configJson,
    weights,
    tokenizerFiles,
    ...(fused && { fusion }),
    card: "# A card\n",
  });
  return model;
}

const bytesOf = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), "hex")]),
    ),
  );

describe("saveModel", () => {
  it.each(goldenFamilies)("saves, loads and saves again to the same bytes: %s", async (family) => {
    const [first, second] = [join(root, `${family}-1`), join(root, `${family}-2`)];
    const golden = await saveGolden(family, first);
    const loaded = await loadCheckpoint(`file:${first}`);
    expect(loaded.encoder.config).toEqual(golden.encoder.config);
    expect(loaded.configJson).toEqual({ ...golden.configJson, ...loaded.configJson });
    for (const name of golden.weights.names)
      expect(await loaded.weights.read(name)).toEqual(await golden.weights.read(name));
    const { config } = loaded.encoder;
    const { configJson, tokenizerFiles } = loaded;
    await saveModel(second, { config, configJson, weights: weightsOf(loaded), tokenizerFiles, card: "# A card\n" });
    expect(await bytesOf(second)).toEqual(await bytesOf(first));
    expect(await readdir(first)).toEqual([
      "README.md",
      "config.json",
      "model.safetensors",
      "special_tokens_map.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "vocab.txt",
    ]);
  });

  it("keeps a fusion and a task's head beside the encoder, and refuses half of one", async () => {
    const folder = join(root, "fused");
    const model = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
    const head: ModelPart = {
      options: { task: "entity-typing", labels: ["a"] },
      weights: new Map([["head/entity-typing/bias", { dtype: "float32", shape: [1], data: Float32Array.of(3) }]]),
    };
    await saveModel(folder, {
      config: model.encoder.config,
      configJson: { ...model.configJson, kgraft: { note: "kept" } },
      weights: weightsOf(model),
      tokenizerFiles: new Map(),
      fusion,
      head,
      card: "",
    });
    const loaded = await loadCheckpoint(`file:${folder}`, { requireTokenizer: false });
    expect(loaded.configJson.kgraft).toEqual({ note: "kept", fusion: fusion.options, head: head.options });
    expect(loaded.fusion).toEqual(fusion);
    expect(loaded.head).toEqual(head);
    await rm(join(folder, "fusion.safetensors"));
    await expect(loadCheckpoint(`file:${folder}`, { requireTokenizer: false })).rejects.toThrow(
      "fusion.safetensors: no such file, but config.json speaks of a fusion. Wanted both or neither. Copy the model's whole folder.",
    );
  });

  it("leaves the old folder where a weight cannot be read", async () => {
    const folder = join(root, "kept");
    await saveGolden("bert", folder);
    const before = await bytesOf(folder);
    const model = await loadCheckpoint(`file:${folder}`);
    const weights = weightsOf(model).map((weight, i) =>
      i < 9 ? weight : { ...weight, data: () => new Float32Array(1) },
    );
    const { tokenizerFiles } = model;
    await expect(
      saveModel(folder, { config: model.encoder.config, weights, tokenizerFiles, card: "" }),
    ).rejects.toThrow("1 values");
    expect(await bytesOf(folder)).toEqual(before);
    expect((await readdir(root)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it.skipIf(python === undefined)(
    "loads in Python's transformers without a warning, with the same outputs (skipped where KGRAFT_PYTHON names no Python with transformers)",
    async () => {
      const encoderOnly = (name: string) => !/^(cls|lm_head|vocab_|predictions|generator_)/.test(name);
      const kinds = { masked: (name: string) => !name.includes("pooler"), encoder: encoderOnly, fused: encoderOnly };
      const folders = new Map<string, string>();
      for (const family of goldenFamilies) {
        for (const [kind, keep] of Object.entries(kinds)) {
          const folder = join(root, `python-${family}-${kind}`);
          await saveGolden(family, folder, keep, kind === "fused");
          folders.set(folder, kind);
        }
      }
      const script = fileURLToPath(new URL("../../../tests/golden/load_folder.py", import.meta.url));
      const env = { ...process.env, HF_HUB_OFFLINE: "1" };
      const told = JSON.parse(
        (await promisify(execFile)(python as string, [script, ...folders.keys()], { env })).stdout,
      );
      for (const [folder, kind] of folders) {
        const { problems, ids } = told[folder];
        expect(problems, folder).toEqual([]);
        expect(await outputsOf(folder, ids, kind === "masked"), folder).toBeLessThan(2e-5);
      }

      async function outputsOf(folder: string, rows: number[][], masked: boolean): Promise<number> {
        const model = await loadCheckpoint(`file:${folder}`);
        const head = maskedLanguageModelHead(model.encoder.config);
        const weights = new Parameters();
        const specs = [...model.encoder.parameters, ...(masked ? head.parameters : [])];
        await addParameters(weights, specs, model.weights, streams(1), silent);
        const found = tf.tidy(() => {
          const ids = tf.tensor2d(rows, undefined, "int32");
          const input = { ids, attentionMask: tf.cast(tf.onesLike(ids), "bool") };
          const { hidden } = model.encoder.run(weights, input, inference).stream;
          return (masked ? head.logits(weights, hidden, tf.range(0, ids.size, 1, "int32")) : hidden).dataSync();
        });
        weights.dispose();
        const expected: number[] = told[folder].outputs.flat(2);
        expect(found.length).toBe(expected.length);
        return Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number))));
      }
    },
    120_000,
  );
});

describe("newModel", () => {
  it("describes an encoder of given sizes with a tokenizer's vocabulary, and saves it", async () => {
    const model = await newModel({ numLayers: 2, hiddenSize: 12, numHeads: 3, dropout: 0 }, tokenizerPath);
    expect(model.encoder.config).toMatchObject({
      vocabularySize: 99,
      embeddingSize: 12,
      intermediateSize: 48,
      maxPositions: 512,
      hiddenDropout: 0,
      attentionDropout: 0,
      padTokenId: 0,
    });
    const parameters = new Parameters();
    const drawn = await addParameters(parameters, model.encoder.parameters, model.weights, streams(1), silent);
    expect(drawn).toEqual(model.missing);
    const values = await parameters.snapshot();
    const weights = model.encoder.parameters.map(
      ({ name, shape }): WeightToSave => ({
        name,
        shape,
        dtype: "float32",
        data: () => values.get(name) as Float32Array,
      }),
    );
    const folder = join(root, "new");
    const { configJson, tokenizerFiles } = model;
    await saveModel(folder, { config: model.encoder.config, configJson, weights, tokenizerFiles, card: "" });
    const loaded = await loadCheckpoint(`file:${folder}`);
    expect(loaded.encoder.config).toEqual(model.encoder.config);
    expect(await loaded.weights.read("bert.pooler.dense.weight")).toEqual(values.get("bert.pooler.dense.weight"));
    parameters.dispose();
  });

  it("names sizes that do not fit", async () => {
    await expect(newModel({ numLayers: 2, hiddenSize: 10, numHeads: 3 }, tokenizerPath)).rejects.toThrow(
      "encoder: hidden size 10 is not a multiple of 3 attention heads. Wanted heads of one size.",
    );
    await expect(
      newModel({ modelType: "brt", numLayers: 2, hiddenSize: 12, numHeads: 3 }, tokenizerPath),
    ).rejects.toThrow(
      'model_type is "brt". Wanted one of bert, roberta, xlm-roberta, distilbert, albert, electra, uer-bert. Did you mean "bert"?',
    );
  });
});
