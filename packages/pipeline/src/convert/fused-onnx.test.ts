import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addParameters, type Checkpoint, loadCheckpoint, saveModel } from "@kgraft/encoder";
import {
  collateExamples,
  createFusedEncoder,
  type FusedEncoder,
  type FusionDefinition,
  prepareExamples,
} from "@kgraft/fusion";
import { type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import { silent, streams } from "@kgraft/runtime";
import { type HostArray, hostTensors, inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { loadTokenizer, type Tokenizer } from "@kgraft/text";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { divergence, goldenFolder } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { builtInModules } from "../built-in-modules.ts";
import { convert } from "../index.ts";
import { Registry } from "../registry.ts";

const registry = await Registry.from(builtInModules);
const strategies = registry.names("fusion").filter((name) => name !== "none");
/** Options at which a strategy does something on two layers. */
const options: Readonly<Record<string, unknown>> = {
  "ernie-thu": { fusedLayers: [0, 1] },
};

let root: string;
let world: SmallWorld;
let tokenizer: Tokenizer;
let checkpoint: Checkpoint;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kgraft-fused-onnx-"));
  await openBackend("cpu");
  world = await smallWorld();
  tokenizer = await loadTokenizer(await writtenTokenizer(root));
  checkpoint = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function writtenTokenizer(folder: string): Promise<string> {
  await writeFile(join(folder, "tokenizer.json"), tinyTokenizerJson());
  return join(folder, "tokenizer.json");
}

interface Grafted {
  readonly fused: FusedEncoder;
  readonly weights: Parameters;
}

/** The golden encoder with a strategy whose parameters are drawn wide. */
async function graft(name: string): Promise<Grafted> {
  const definition = registry.get("fusion", name, "test").definition as FusionDefinition;
  const resources = { ...world, tokenizer, encoder: checkpoint.encoder.config };
  const fusion = definition.create(definition.options.parse(options[name] ?? {}), resources);
  const fused = createFusedEncoder(checkpoint.encoder, fusion);
  const weights = new Parameters();
  await addParameters(weights, checkpoint.encoder.parameters, checkpoint.weights, streams(1), silent);
  const own = (fusion.parameters ?? []).map((spec) => ({ ...spec, init: { kind: "normal", deviation: 0.3 } as const }));
  weights.add(own, streams(2));
  return { fused, weights };
}

async function save(name: string, { fused, weights }: Grafted): Promise<string> {
  const folder = join(root, name);
  const values = await weights.snapshot();
  const own = [...values].filter(([weight]) => weight.startsWith("fusion/"));
  const array = (weight: string, data: Float32Array): HostArray => ({
    dtype: "float32",
    shape: weights.spec(weight).shape,
    data,
  });
  const definition = registry.get("fusion", name, "test").definition;
  await saveModel(folder, {
    config: fused.encoder.config,
    configJson: checkpoint.configJson,
    weights: hostTensors(
      [...values]
        .filter(([weight]) => !weight.startsWith("fusion/"))
        .map(([weight, data]) => [weight, array(weight, data)]),
    ),
    tokenizerFiles: new Map([["tokenizer.json", Buffer.from(tinyTokenizerJson())]]),
    fusion: {
      options: { name, strategies: { [name]: definition.options.parse(options[name] ?? {}) } },
      weights: new Map(own.map(([weight, data]) => [weight, array(weight, data)])),
    },
    card: `# ${name}\n`,
  });
  return folder;
}

const tensorOf = ({ dtype, data, shape }: HostArray, type: string): ort.Tensor =>
  type.startsWith("int64")
    ? new ort.Tensor("int64", BigInt64Array.from(Array.from(data, BigInt)), [...shape])
    : new ort.Tensor(dtype, data as Float32Array, [...shape]);

describe.each(strategies)("%s in ONNX Runtime", (name) => {
  it("gives what the fused encoder gives, with its knowledge as further inputs", async () => {
    const grafted = await graft(name);
    const { fused, weights } = grafted;
    const folder = await save(name, grafted);
    const to = join(root, `${name}-onnx`);
    const { inputs = {} } = await convert({ from: folder, to, format: "onnx", progress: silent });
    const definition = registry.get("fusion", name, "test").definition as FusionDefinition;
    const examples = definition.accepts.includes("text") ? world.examples : world.triples;
    const { prepared } = await prepareExamples(examples, { tokenizer, fusion: fused.fusion, maxLength: 60 });
    const { arrays } = collateExamples(prepared, 60, fused.fusion);
    const all = { ...arrays, ...fused.constants };
    const expected = tf.tidy(() => {
      const { hidden } = fused.run(weights, toDevice(all), inference).stream;
      return { dtype: "float32" as const, shape: hidden.shape, data: hidden.dataSync<"float32">().slice() };
    });
    const session = await ort.InferenceSession.create(join(to, "model.onnx"));
    const standard: Record<string, string> = {
      inputIds: "input_ids",
      attentionMask: "attention_mask",
      typeIds: "token_type_ids",
    };
    const feeds = Object.entries(all).flatMap(([key, array]) => {
      const snake = (key.split("/").at(-1) as string).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const input = standard[key] ?? snake;
      return session.inputNames.includes(input) ? [[input, tensorOf(array, inputs[input] as string)]] : [];
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    expect(Object.keys(outputs)).toContain("last_hidden_state");
    expect(divergence(name, outputs.last_hidden_state?.data as Float32Array, expected, 1e-5)).toBeUndefined();
    weights.dispose();
  });
});
