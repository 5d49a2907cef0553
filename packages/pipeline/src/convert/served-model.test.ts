import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addParameters, type Checkpoint, loadCheckpoint, type ModelPart, saveModel } from "@kgraft/encoder";
import {
  collateExamples,
  createFusedEncoder,
  type FusedEncoder,
  type FusionDefinition,
  prepareExamples,
  stackFusions,
} from "@kgraft/fusion";
import { type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import { type Embedding, writeEmbeddingFolder } from "@kgraft/kg-embedding";
import { silent, streams } from "@kgraft/runtime";
import type { Task } from "@kgraft/tasks";
import {
  type HostArray,
  hostTensors,
  inference,
  openBackend,
  Parameters,
  tf,
  toDevice,
  writeSafetensors,
} from "@kgraft/tensor";
import { loadTokenizer, type TextExample, type Tokenizer } from "@kgraft/text";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { divergence, goldenFolder } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { builtInModules } from "../built-in-modules.ts";
import { convert } from "../index.ts";
import { loadedRegistry } from "../list-definitions.ts";
import { Registry } from "../registry.ts";
import { restoreTask } from "../saved-model/restore-task.ts";

const plugin = fileURLToPath(new URL("../../../../tests/plugin/index.js", import.meta.url));
const builtIn = await Registry.from(builtInModules);
const strategies = builtIn.names("fusion").filter((name) => name !== "none");
/** Options at which a strategy does something on two layers. */
const options: Readonly<Record<string, unknown>> = {
  "ernie-thu": { fusedLayers: [0, 1], vectorNorm: "as-given" },
  "mean-entity": { layer: 0 },
  "k-adapter": { innerSize: 12, innerHeads: 2 },
};
/** More pieces than any trace had. */
const length = 30;

let root: string;
let config: string;
let registry: Registry;
let world: SmallWorld;
let tokenizer: Tokenizer;
let checkpoint: Checkpoint;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-served-"));
  config = join(root, "config.yaml");
  await writeFile(config, `name: plugins\nplugins: [${JSON.stringify(plugin)}]\n`);
  await writeFile(join(root, "tokenizer.json"), tinyTokenizerJson());
  registry = await loadedRegistry(config);
  await openBackend("cpu");
  world = await smallWorld();
  tokenizer = await loadTokenizer(join(root, "tokenizer.json"));
  checkpoint = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A model in memory and its folder. */
interface Saved {
  readonly folder: string;
  readonly fused: FusedEncoder;
  readonly weights: Parameters;
  readonly task?: Task | undefined;
}

/** The golden encoder with a strategy and a head whose parameters are drawn wide. */
async function saved(name: string, taskName?: string): Promise<Saved> {
  const definitions = name.split("+").map((one) => registry.get("fusion", one, "test").definition as FusionDefinition);
  const stated = Object.fromEntries(
    definitions.map((definition) => [definition.name, definition.options.parse(options[definition.name] ?? {})]),
  );
  const resources = { ...world, tokenizer, encoder: checkpoint.encoder.config };
  const fusion = stackFusions(definitions, name).create(definitions.length === 1 ? stated[name] : stated, resources);
  const fused = createFusedEncoder(checkpoint.encoder, fusion);
  const head = taskName === undefined ? undefined : headOf(taskName);
  const task = head && restoreTask(head, checkpoint.encoder, registry, "test");
  const weights = new Parameters();
  await addParameters(weights, checkpoint.encoder.parameters, checkpoint.weights, streams(1), silent);
  const own = [...(fusion.parameters ?? []), ...(task?.parameters ?? [])];
  weights.add(
    own.map((spec) => ({ ...spec, init: { kind: "normal", deviation: 0.3 } })),
    streams(2),
  );
  const part = async (prefix: string): Promise<[string, HostArray][]> =>
    [...(await weights.snapshot())]
      .filter(([weight]) => weight.startsWith(prefix))
      .map(([weight, data]) => [weight, { dtype: "float32", shape: weights.spec(weight).shape, data }]);
  const folder = join(root, `${name}-${taskName}`);
  await saveModel(folder, {
    config: checkpoint.encoder.config,
    configJson: checkpoint.configJson,
    weights: hostTensors(await part("bert.")),
    tokenizerFiles: new Map([["tokenizer.json", Buffer.from(tinyTokenizerJson())]]),
    fusion: { options: { name, strategies: stated }, weights: new Map(await part("fusion/")) },
    head: head && { ...head, weights: new Map(await part("head/")) },
    card: `# ${name}\n`,
  });
  return { folder, fused, weights, task };
}

/** A head as `kgraft run` saves it. */
function headOf(task: string): ModelPart {
  const { definition } = registry.get("task", task, "test");
  const labels = /^(triple|link)/.test(task) ? ["0", "1"] : ["a", "b", "c"];
  return { options: { task, labels, options: definition.options.parse({}) }, weights: new Map() };
}

interface Batch {
  readonly arrays: Readonly<Record<string, HostArray>>;
  readonly expected: Readonly<Record<string, HostArray>>;
}

/** A batch, and what the model in memory gives for it. */
async function batchOf({ fused, weights, task }: Saved, examples: readonly TextExample[]): Promise<Batch> {
  const { prepared } = await prepareExamples(examples, { tokenizer, fusion: fused.fusion, maxLength: length });
  const rows = task === undefined ? prepared : prepared.filter((one) => task.fits(one));
  const collated = collateExamples(rows, length, fused.fusion).arrays;
  const arrays = { ...collated, ...task?.collate(rows, { rows: rows.length, length }), ...fused.constants };
  const expected: Record<string, HostArray> = {};
  tf.tidy(() => {
    const batch = toDevice(arrays);
    const { hidden } = fused.run(weights, batch, inference).stream;
    expected.last_hidden_state = onHost(hidden);
    if (task !== undefined) expected.logits = onHost(task.logits(hidden, { weights, batch, context: inference }));
  });
  return { arrays, expected };
}

const onHost = (tensor: tf.Tensor): HostArray => ({
  dtype: "float32",
  shape: tensor.shape,
  data: tensor.dataSync<"float32">().slice(),
});

const standardNames: Readonly<Record<string, string>> = {
  inputIds: "input_ids",
  attentionMask: "attention_mask",
  typeIds: "token_type_ids",
};

/** Converts a saved model and compares it with the one in memory; gives the names of its inputs. */
async function compared(model: Saved, examples: readonly TextExample[], vectors?: string): Promise<readonly string[]> {
  const to = `${model.folder}-onnx`;
  const { inputs = {} } = await convert({ from: model.folder, to, format: "onnx", vectors, config, progress: silent });
  const { arrays, expected } = await batchOf(model, examples);
  const feeds = Object.entries(arrays).flatMap(([key, array]) => {
    const snake = (key.split("/").at(-1) as string).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const input = standardNames[key] ?? snake;
    return input in inputs ? [[input, feedOf(array, inputs[input] as string)]] : [];
  });
  const session = await ort.InferenceSession.create(join(to, "model.onnx"));
  const outputs = await session.run(Object.fromEntries(feeds) as Record<string, ort.Tensor>);
  for (const [name, wanted] of Object.entries(expected)) {
    expect(outputs[name]?.dims, name).toEqual(wanted.shape);
    expect(divergence(name, outputs[name]?.data as Float32Array, wanted, 1e-5)).toBeUndefined();
  }
  model.weights.dispose();
  return Object.keys(inputs);
}

const feedOf = ({ dtype, data, shape }: HostArray, type: string): ort.Tensor =>
  type.startsWith("int64")
    ? new ort.Tensor("int64", BigInt64Array.from(data, BigInt), [...shape])
    : new ort.Tensor(dtype, data as Float32Array, [...shape]);

const examplesFor = (strategy: string): readonly TextExample[] =>
  strategy === "kg-bert" ? world.triples : world.examples;

describe("a fused model in ONNX Runtime gives what it gives here, its knowledge being further inputs", () => {
  it.each([...strategies, "wklm+k-adapter", "ernie-thu+k-adapter", "mean-entity"])("%s", async (name) => {
    const inputs = await compared(await saved(name), examplesFor(name));
    expect(inputs.slice(0, 2)).toEqual(["input_ids", "attention_mask"]);
  });

  it("takes entity vectors as an input, or holds those that it is given, with the list of their entities", async () => {
    expect(await compared(await saved("ernie-thu"), world.examples)).toContain("entity_vectors");
    const vectors = join(root, "vectors");
    const { vectors: table } = world;
    const model = { name: "transe", options: {}, seed: 1, reciprocal: false };
    await writeEmbeddingFolder(vectors, {
      vectors: table,
      relations: { ...table, ids: table.ids.map((id) => `r${id}`) },
      model,
      metrics: {},
      history: [],
    } as unknown as Embedding);
    const inputs = await compared(await saved("ernie-thu"), world.examples, vectors);
    expect(inputs).not.toContain("entity_vectors");
    expect(inputs).toContain("entity_ids");
    const ids = await readFile(join(root, "ernie-thu-undefined-onnx/entities.txt"), "utf8");
    expect(ids.trimEnd().split("\n")).toEqual(table.ids);
  });
});

describe("a fine-tuned head in ONNX Runtime gives the same logits", () => {
  it.each(builtIn.names("task"))("%s", async (name) => {
    const isOfTriples = (builtIn.get("task", name, "test").definition as { examples?: string }).examples === "triple";
    const model = await saved(isOfTriples ? "kg-bert" : "k-adapter", name);
    await compared(model, model.task?.splits.train ?? []);
  });
});

it("a folder that lacks a weight of its strategy is refused by name", async () => {
  const { folder, weights } = await saved("k-adapter");
  weights.dispose();
  await writeSafetensors(join(folder, "fusion.safetensors"), []);
  const work = convert({ from: folder, to: join(root, "refused"), format: "onnx", progress: silent });
  await expect(work).rejects.toThrow(/fusion\.safetensors: .*fusion\/k-adapter\/factual/);
});
