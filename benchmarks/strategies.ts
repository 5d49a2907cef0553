/**
 * One training step (forward, backward, AdamW) of every fusion strategy at equal length, in turns with `none`: a head over
 * the first piece, 8 x 128 pieces, 6 layers, H 384, 12 heads (MiniLM's sizes), a vocabulary of 8192, dropout on. With
 * `--stage pretraining` the masked-LM loss of 15 % of the pieces and the strategy's own losses instead of that head.
 *
 *     npm run bench -- strategies [--strategies none,k-bert] [--stage pretraining] [--backend native] [--turns 9]
 */
import { parseArgs } from "node:util";
import { createEncoder, type EncoderConfig, maskedLanguageModelHead } from "@kgraft/encoder";
import * as fusionPackage from "@kgraft/fusion";
import { collateExamples, createFusedEncoder, type FusionDefinition, prepareExamples } from "@kgraft/fusion";
import { type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import { vectorTable } from "@kgraft/kg-embedding";
import { streams } from "@kgraft/runtime";
import { gradients, type LossFunction, Optimiser, openBackend, ops, Parameters, tf, toDevice } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { median, spread } from "./statistics.ts";

const [rows, length, classes, masked] = [8, 128, 40, 154];
type Stage = "pretraining" | "finetuning";
const warmUp = 2;

/** A strategy's own step, ready to be made again and again. */
interface Arm {
  readonly name: string;
  /** Share of the batch's places that hold a piece. */
  readonly filled: number;
  step(count: number): Promise<number>;
}

/** Every strategy that the package exports joins by its name. */
function isStrategy(exported: unknown): exported is FusionDefinition {
  const { claims, accepts } = exported as Partial<FusionDefinition>;
  return claims !== undefined && accepts?.includes("text") === true;
}

function sizes(world: SmallWorld): EncoderConfig {
  return {
    ...world.encoder,
    vocabularySize: 8192,
    hiddenSize: 384,
    embeddingSize: 384,
    numLayers: 6,
    numHeads: 12,
    intermediateSize: 1536,
    maxPositions: 512,
  };
}

/** Texts that fill their rows with and without branches: one sentence with three mentions, again and again. */
function examples(): readonly TextExample[] {
  const sentence = "Gorwick plays the lute in Marl ";
  const links = { Gorwick: "Q1", lute: "Q5", Marl: "Q3" };
  return Array.from({ length: rows }, (_, row) => {
    const repeats = 20;
    const mentions = Array.from({ length: repeats }, (_, time) =>
      Object.entries(links).map(([surface, entity]) => {
        const start = time * sentence.length + sentence.indexOf(surface);
        return { start, end: start + surface.length, entity };
      }),
    );
    return { id: String(row), text: sentence.repeat(repeats), mentions: mentions.flat(), labels: [] };
  });
}

async function openArm(definition: FusionDefinition, world: SmallWorld, stage: Stage): Promise<Arm> {
  const fusion = definition.create(definition.options.parse({}), world);
  const model = createFusedEncoder(createEncoder(world.encoder), fusion);
  const kernel = {
    name: "head/kernel",
    shape: [classes, world.encoder.hiddenSize],
    init: { kind: "normal", deviation: 0.02 },
    role: "weight",
  } as const;
  const head = maskedLanguageModelHead(world.encoder);
  const heads = stage === "finetuning" ? [kernel] : [...head.parameters, ...model.headParameters];
  const specs = new Map([...model.parameters, ...heads].map((spec) => [spec.name, spec]));
  const parameters = Parameters.create(specs.values(), streams(1));
  const probe = heads[0]?.name as string;
  const groups = model.frozenIn(stage).map((match) => ({ match, frozen: true }));
  const optimiser = new Optimiser({ name: "adamw", rate: 5e-5 }, parameters, { groups });
  // A strategy that puts pieces in gets half the text, so that both fill their rows.
  const texts =
    fusion.prepare === undefined || !definition.claims.includes("pieces") ? examples() : examples().map(halved);
  const { prepared } = await prepareExamples(texts, { tokenizer: world.tokenizer, maxLength: length, fusion });
  const draw = stage === "pretraining" ? streams(1).at("corruption") : undefined;
  const batch = collateExamples(prepared, length, fusion, draw);
  const labels = { dtype: "int32" as const, shape: [rows], data: Int32Array.from({ length: rows }, (_, i) => i) };
  const key = { dtype: "int32" as const, shape: [2], data: Int32Array.of(1, 2) };
  const constants = toDevice(model.constants);
  const pretraining: LossFunction = (weights, at, context) => {
    const run = model.run(weights, at, context);
    const places = tf.range(0, masked * 6, 6, "int32");
    const mlm = head.loss(weights, run.stream.hidden, places, tf.zerosLike(places), tf.ones([masked]));
    return { mlm, ...model.losses(run, weights, at, context) };
  };
  const finetuning: LossFunction = (weights, at, context) => {
    const { hidden } = model.run(weights, at, context).stream;
    const first = tf.reshape(tf.slice(hidden, [0, 0, 0], [rows, 1, -1]), [rows, world.encoder.hiddenSize]);
    const logits = ops.linear(first, weights.get(kernel.name));
    return { typing: ops.softmaxCrossEntropy(logits, at.labels as tf.Tensor, tf.ones([rows])) };
  };
  return {
    name: definition.name,
    filled: (batch.tokens ?? 0) / (rows * length),
    async step(count) {
      const start = performance.now();
      const tensors = { ...toDevice({ ...batch.arrays, labels, key }), ...constants };
      const context = { training: true, key: tensors.key as tf.Tensor };
      const made = gradients(
        stage === "pretraining" ? pretraining : finetuning,
        parameters,
        tensors,
        context,
        {},
        { trainable: optimiser.trainable },
      );
      const scalars = optimiser.scalars(count, 1);
      optimiser.apply(made.gradients, scalars);
      await parameters.get(probe).data();
      const seconds = (performance.now() - start) / 1000;
      const own = Object.entries(tensors).filter(([name]) => !(name in constants));
      tf.dispose([Object.fromEntries(own), { ...made.gradients }, { ...scalars }]);
      for (const { sum, weight } of Object.values(made.losses)) tf.dispose([sum, weight]);
      return seconds;
    },
  };
}

function halved(example: TextExample): TextExample {
  const text = example.text.slice(0, example.text.length / 2);
  return { ...example, text, mentions: example.mentions?.filter(({ end }) => end <= text.length) };
}

function line(name: string, filled: number, seconds: readonly number[], plain: readonly number[]): string {
  const ratios = seconds.map((own, turn) => own / (plain[turn] as number));
  const share = `${(100 * filled).toFixed(0)} % filled`;
  return `${name.padEnd(10)} ${median(seconds).toFixed(3)} s a step, ${median(ratios).toFixed(2)} x none (turns ${spread(ratios)}), ${share}`;
}

/** Prints of each strategy its seconds a step and their ratio to `none`, turn by turn. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategies: { type: "string" },
      stage: { type: "string", default: "finetuning" },
      backend: { type: "string", default: "auto" },
      turns: { type: "string", default: "9" },
    },
  });
  const stage = values.stage as Stage;
  if (!["pretraining", "finetuning"].includes(stage)) throw new Error(`--stage ${stage}: pretraining or finetuning`);
  const { name, description } = await openBackend(values.backend);
  console.log(`${name}: ${description}`);
  const loaded = (Object.values(fusionPackage) as readonly unknown[]).filter(isStrategy);
  // Adapters are pre-trained above a frozen encoder, on triples and trees: see the benchmark `k-adapter`.
  const known = loaded
    .map((definition) => definition.name)
    .filter((own) => stage === "finetuning" || own !== "k-adapter");
  const asked = values.strategies?.split(",") ?? known;
  const world = await smallWorld();
  const ids = world.vectors.ids;
  const drawn = streams(2)
    .at("vectors")
    .fillNormal(new Float32Array(ids.length * 100), 0.1);
  const resources = { ...world, encoder: sizes(world), vectors: vectorTable(ids, drawn, 100) };
  const arms: Arm[] = [];
  for (const definition of loaded)
    if (definition.name === "none" || asked.includes(definition.name))
      arms.push(await openArm(definition, resources, stage));
  const seconds = new Map(arms.map((arm) => [arm.name, [] as number[]]));
  for (let turn = -warmUp; turn < Number(values.turns); turn++)
    for (const arm of arms) {
      const took = await arm.step(turn + warmUp + 1);
      if (turn >= 0) seconds.get(arm.name)?.push(took);
    }
  for (const { name: own, filled } of arms)
    console.log(line(own, filled, seconds.get(own) ?? [], seconds.get("none") ?? []));
}
