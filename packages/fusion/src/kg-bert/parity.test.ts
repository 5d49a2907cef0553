import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Checkpoint, createEncoder, loadCheckpoint } from "@kgraft/encoder";
import { streams } from "@kgraft/runtime";
import { gradients, inference, openBackend, Parameters, tf, toDevice } from "@kgraft/tensor";
import { loadTokenizer, type TextExample, type Tokenizer } from "@kgraft/text";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { arrayOf, divergence, type GoldenCase, goldenFolder, readCases } from "../../../../tests/golden/golden.ts";
import { tinyTokenizerJson } from "../../../../tests/golden/tiny-tokenizer.ts";
import { collateExamples } from "../batch.ts";
import type { Fusion } from "../contract.ts";
import { createFusedEncoder } from "../fused-encoder.ts";
import { prepareExamples } from "../prepared-text.ts";
import { kgBert } from "./kg-bert.ts";

interface Case {
  readonly texts: readonly string[];
  readonly limit: number;
  readonly ids: readonly number[] | null;
  readonly types: readonly number[] | null;
}

interface Cases {
  readonly cases: readonly Case[];
  /** Cases of the batch that numbers were computed on, with whether each is true. */
  readonly batch: readonly number[];
  readonly labels: readonly number[];
}

let golden: GoldenCase;
let given: Cases;
let model: Checkpoint;
let tokenizer: Tokenizer;
beforeAll(async () => {
  await openBackend("cpu");
  golden = (await readCases(`${goldenFolder("kg-bert")}/expected.safetensors`)).get("kg-bert") as GoldenCase;
  given = JSON.parse(await readFile(`${goldenFolder("kg-bert")}/cases.json`, "utf8")) as Cases;
  model = await loadCheckpoint(`file:${goldenFolder("bert")}`, { requireTokenizer: false });
  tokenizer = await tinyTokenizer();
});

async function tinyTokenizer(): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-kg-bert-"));
  try {
    await writeFile(join(folder, "tokenizer.json"), tinyTokenizerJson());
    return await loadTokenizer(join(folder, "tokenizer.json"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function exampleOf({ texts }: Case, label?: number): TextExample {
  const [head = "", relation = "", tail] = texts;
  const labels = label === undefined ? undefined : [String(label)];
  if (tail === undefined) return { id: texts.join("|"), text: head, pair: relation, labels };
  const term = (text: string) => ({ id: text, text });
  const triple = { head: term(head), relation: term(relation), tail: term(tail) };
  return { id: texts.join("|"), text: texts.join(" "), triple, labels };
}

const fusionOf = (): Fusion =>
  kgBert.create(kgBert.options.parse({ truncation: "official" }), {
    encoder: model.encoder.config,
    tokenizer,
    streams: streams(1),
  }) as Fusion;

describe("KG-BERT beside an independent computation", () => {
  it("cuts, frames and types triples and pairs as the official scripts", async () => {
    const fusion = fusionOf();
    for (const one of given.cases) {
      const prepared = prepareExamples([exampleOf(one)], { tokenizer, maxLength: one.limit, fusion });
      if (one.ids === null) {
        await expect(prepared).rejects.toThrow("without emptying one. Wanted at least a piece of each part. Raise");
        continue;
      }
      const [{ encoding } = { encoding: undefined }] = (await prepared).prepared;
      expect(Array.from(encoding?.ids ?? [])).toEqual(one.ids);
      expect(Array.from(encoding?.typeIds ?? [])).toEqual(one.types);
    }
    expect(given.cases.some(({ ids }) => ids === null)).toBe(true);
  });

  it("agrees in the loss of triple validity and its gradients", async () => {
    const fusion = fusionOf();
    const fused = createFusedEncoder(createEncoder(model.encoder.config), fusion);
    const parameters = Parameters.create([...fused.parameters, ...fused.headParameters], streams(1));
    onTestFinished(() => parameters.dispose());
    const official = fusion.officialNames ?? {};
    for (const name of parameters.names()) {
      const theirs = official[name];
      const weight = theirs === undefined ? undefined : arrayOf(golden, theirs.replace("classifier.", "weight."));
      parameters.assign(name, weight ?? (await model.weights.read(name)));
    }
    const examples = given.batch.map((at, row) => exampleOf(given.cases[at] as Case, given.labels[row]));
    const prepared = await Promise.all(
      examples.map(async (example, row) => {
        const { limit } = given.cases[given.batch[row] as number] as Case;
        return (await prepareExamples([example], { tokenizer, maxLength: limit, fusion })).prepared;
      }),
    );
    const { arrays } = collateExamples(prepared.flat(), 20, fusion, streams(1).at("draw"));
    const batch = toDevice(arrays);
    const step = gradients(
      (weights, tensors, context) => fused.losses(fused.run(weights, tensors, context), weights, tensors, context),
      parameters,
      batch,
      inference,
    );
    onTestFinished(() => tf.dispose([step, batch] as unknown as tf.TensorContainer));
    const { sum, weight } = step.losses.tripleValidity as NonNullable<(typeof step.losses)[string]>;
    const problems = [divergence("loss", tf.div(sum, weight).dataSync(), arrayOf(golden, "loss"), 1e-5)];
    const wanted = [...golden.keys()].filter((name) => name.startsWith("gradient."));
    expect(wanted.length).toBe(8);
    const ours = Object.fromEntries(Object.entries(official).map(([name, theirs]) => [theirs, name]));
    for (const key of wanted) {
      const name = key.slice("gradient.".length);
      const found = step.gradients[ours[name] ?? name]?.dataSync() ?? [];
      problems.push(divergence(name, found, arrayOf(golden, key), 1e-4));
    }
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});
