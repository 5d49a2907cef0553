import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { silent, streams } from "@kgraft/runtime";
import { inference, openBackend, Parameters, tf } from "@kgraft/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type GoldenCase, goldenFamilies, goldenFolder, readCases } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import {
  addParameters,
  type HeadName,
  type LinearHead,
  labelKeys,
  linearHead,
  loadCheckpoint,
  maskedLanguageModelHead,
  readLabels,
  saveModel,
  type WeightToSave,
} from "../index.ts";

const python = process.env.KGRAFT_PYTHON;
const labels = ["no", "yes", "perhaps"];
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-heads-"));
  await openBackend("wasm");
});
afterAll(() => rm(root, { recursive: true, force: true }));

const isClassification = (name: string) => name.endsWith("-classification");

/** Saves a golden encoder with a golden head, as a model that `transformers` knows. */
async function saveHead(family: string, name: HeadName, golden: GoldenCase): Promise<string> {
  const folder = join(root, `${family}-${name}`);
  const { encoder, weights, configJson } = await loadCheckpoint(`file:${goldenFolder(family)}`, {
    requireTokenizer: false,
  });
  const head = linearHead(encoder.config, name, isClassification(name) ? { outputs: labels.length } : {});
  const masked = maskedLanguageModelHead(encoder.config).parameters.map((spec) => spec.name);
  // ALBERT's sentence order is only known beside its masked-LM head.
  const kept = weights.names.filter(
    (weight) => (name === "sentence-order" || !masked.includes(weight)) && (head.pooled || !weight.includes("pooler")),
  );
  const own = [...golden].flatMap(([key, { shape, data }]): WeightToSave[] =>
    key.startsWith("weights/") ? [{ name: key.slice(8), dtype: "float32", shape, data: () => data }] : [],
  );
  await saveModel(folder, {
    config: encoder.config,
    configJson: { ...configJson, ...(isClassification(name) && labelKeys(labels)) },
    weights: [
      ...kept.map(
        (weight): WeightToSave => ({
          name: weight,
          dtype: "float32",
          shape: weights.shape(weight),
          data: () => weights.read(weight),
        }),
      ),
      ...own,
    ],
    tokenizerFiles: new Map([["tokenizer.json", Buffer.from(tinyTokenizerJson())]]),
    architecture: head.architecture,
    card: "",
  });
  return folder;
}

/** What a saved model gives for rows of ids. */
async function outputsOf(folder: string, name: HeadName, rows: number[][]): Promise<Float32Array> {
  const { encoder, weights: stored, configJson } = await loadCheckpoint(`file:${folder}`);
  const outputs = isClassification(name) ? (readLabels(configJson, folder)?.length ?? 0) : undefined;
  const head: LinearHead = linearHead(encoder.config, name, outputs === undefined ? {} : { outputs });
  const weights = new Parameters();
  const drawn = await addParameters(weights, [...encoder.parameters, ...head.parameters], stored, streams(1), silent);
  expect(drawn.filter((weight) => !weight.includes("pooler"))).toEqual([]);
  const found = tf.tidy(() => {
    const ids = tf.tensor2d(rows, undefined, "int32");
    const { hidden } = encoder.run(
      weights,
      { ids, attentionMask: tf.cast(tf.onesLike(ids), "bool") },
      inference,
    ).stream;
    return head.logits(weights, hidden, inference).dataSync<"float32">();
  });
  weights.dispose();
  return found;
}

async function saveAll(): Promise<Map<string, HeadName>> {
  const saved = new Map<string, HeadName>();
  for (const family of goldenFamilies)
    for (const [name, golden] of await readCases(`${goldenFolder(family)}/heads.safetensors`))
      saved.set(await saveHead(family, name as HeadName, golden), name as HeadName);
  return saved;
}

it("saves and loads every head of every family, whole", async () => {
  const saved = await saveAll();
  expect(saved.size).toBe(3 * goldenFamilies.length + 3);
  for (const [folder, name] of saved)
    expect((await outputsOf(folder, name, [[2, 9, 17, 3]])).every(Number.isFinite)).toBe(true);
});

it("refuses labels whose ids have a gap", () => {
  expect(() => readLabels({ id2label: { 0: "no", 2: "yes" } }, "config.json")).toThrow(
    'config.json: id2label is {"0":"no","2":"yes"}. Wanted a label for each id from 0 on',
  );
  expect(readLabels({}, "config.json")).toBeUndefined();
});

it.skipIf(python === undefined)(
  "loads heads in Python's transformers without a warning, with the same outputs (skipped where KGRAFT_PYTHON names no Python with transformers)",
  async () => {
    const saved = await saveAll();
    const script = fileURLToPath(new URL("../../../../tests/golden/load_folder.py", import.meta.url));
    const env = { ...process.env, HF_HUB_OFFLINE: "1" };
    const { stdout } = await promisify(execFile)(python as string, [script, ...saved.keys()], { env });
    const told = JSON.parse(stdout);
    for (const [folder, name] of saved) {
      const { problems, ids, outputs } = told[folder];
      expect(problems, folder).toEqual([]);
      const expected: number[] = outputs.flat(2);
      const found = await outputsOf(folder, name, ids);
      expect(found.length).toBe(expected.length);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number))));
      expect(worst, folder).toBeLessThan(2e-5);
    }
  },
  120_000,
);
