/**
 * Pre-training of one K-Adapter adapter with the encoder's states read from disk, against computing them in every step: the
 * trainer's own steps, in turns. RoBERTa-large's proportions (24 layers, adapters of 3 side networks at 3/4 of the width), rows
 * of 64 pieces; beside the measured ratio stands that of operations, here and at RoBERTa-large's size.
 *
 *     npm run bench -- k-adapter [--hidden 512] [--layers 24] [--rows 16] [--turns 5] [--steps 4] [--backend native]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createEncoder, type EncoderConfig } from "@kgraft/encoder";
import { createFusedEncoder, type Fusion, kAdapter } from "@kgraft/fusion";
import { smallWorld } from "@kgraft/fusion/testing";
import { silent, streams } from "@kgraft/runtime";
import { pretrain, pretrainOptions } from "@kgraft/tasks";
import { openBackend, Parameters } from "@kgraft/tensor";
import type { TextExample } from "@kgraft/text";
import { median, spread } from "./statistics.ts";

const [length, networks, innerLayers] = [64, 3, 2];

/** A size of encoder and adapter. */
interface Shape {
  readonly hidden: number;
  readonly layers: number;
  /** Texts a step. */
  readonly rows: number;
}

/** Multiplications and additions of one token in `layers` Transformer layers of a width, forward. */
const layerOperations = (width: number, layers: number): number => layers * (24 * width ** 2 + 4 * length * width);

/** Operations of a step that computes states, over those of one that reads them: backward costs twice forward. */
function operationRatio({ hidden, layers }: Omit<Shape, "rows">): number {
  const inner = 0.75 * hidden;
  const adapter = networks * (4 * hidden * inner + layerOperations(inner, innerLayers));
  return 1 + layerOperations(hidden, layers) / (3 * adapter);
}

const relations = ["plays", "livesIn"].map((id) => ({ id, label: id }));

/** Texts that fill their rows, enough for one pass. */
function examples(count: number): readonly TextExample[] {
  const text = "the lute on hill ".repeat(40).trim();
  return Array.from({ length: count }, (_, i) => ({
    id: String(i),
    text: `${["song", "river", "night", "town"][i % 4]} ${text}`,
    targets: [
      { start: 0, end: 4 },
      { start: 9, end: 12 },
    ] as const,
    labels: [relations[i % 2]?.id as string],
  }));
}

/** Seconds of the wall and of the processor a step, the first and the last left out. */
interface StepSeconds {
  readonly wall: number;
  readonly processor: number;
}

/** Pre-trains for some steps, the encoder's states stored or not. */
type Arm = (statesGb: number, steps: number) => Promise<StepSeconds>;

async function openArm(shape: Shape, folder: string): Promise<Arm> {
  const world = await smallWorld();
  const encoder: EncoderConfig = {
    ...world.encoder,
    hiddenSize: shape.hidden,
    embeddingSize: shape.hidden,
    numLayers: shape.layers,
    numHeads: shape.hidden / 32,
    intermediateSize: 4 * shape.hidden,
    maxPositions: 512,
  };
  const options = kAdapter.options.parse({ innerLayers });
  const model = createFusedEncoder(
    createEncoder(encoder),
    kAdapter.create(options, { ...world, encoder, relations }) as Fusion,
  );
  const parameters = Parameters.create(model.parameters, streams(1));
  return async (statesGb, steps) => {
    const marks: StepSeconds[] = [];
    await pretrain({
      model,
      parameters,
      examples: examples(shape.rows * steps),
      objectives: [],
      tokenizer: world.tokenizer,
      options: pretrainOptions.parse({ objectives: [], steps, batchSize: shape.rows, maxLength: length, statesGb }),
      streams: streams(1),
      progress: silent,
      statesFolder: folder,
      onStep() {
        const { user, system } = process.cpuUsage();
        marks.push({ wall: performance.now() / 1000, processor: (user + system) / 1e6 });
      },
    });
    marks.pop(); // batches are made one step ahead: the last step makes none
    const [first, last] = [marks[0] as StepSeconds, marks.at(-1) as StepSeconds];
    const between = (clock: keyof StepSeconds): number => (last[clock] - first[clock]) / (marks.length - 1);
    return { wall: between("wall"), processor: between("processor") };
  };
}

function report(clock: keyof StepSeconds, stored: readonly StepSeconds[], computed: readonly StepSeconds[]): string {
  const ratios = computed.map((turn, i) => turn[clock] / (stored[i] as StepSeconds)[clock]);
  const each = (turns: readonly StepSeconds[]): string => median(turns.map((turn) => turn[clock])).toFixed(3);
  return `${clock}: ${each(stored)} s a step from disk, ${each(computed)} s computing; ratio ${median(ratios).toFixed(2)} (turns ${spread(ratios)})`;
}

/** Prints seconds a step of both ways, their ratio, and that of operations. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hidden: { type: "string", default: "512" },
      layers: { type: "string", default: "24" },
      rows: { type: "string", default: "16" },
      turns: { type: "string", default: "5" },
      steps: { type: "string", default: "4" },
      backend: { type: "string", default: "auto" },
    },
  });
  const shape = { hidden: Number(values.hidden), layers: Number(values.layers), rows: Number(values.rows) };
  const { name, description } = await openBackend(values.backend);
  console.log(`${name}: ${description}`);
  const folder = await mkdtemp(join(tmpdir(), "kgraft-bench-"));
  try {
    const arm = await openArm(shape, folder);
    const [stored, computed]: [StepSeconds[], StepSeconds[]] = [[], []];
    for (let turn = -1; turn < Number(values.turns); turn++)
      for (const [statesGb, kept] of [[10, stored] as const, [0, computed] as const]) {
        const seconds = await arm(statesGb, Number(values.steps) + 2);
        if (turn >= 0) kept.push(seconds);
      }
    for (const clock of ["wall", "processor"] as const) console.log(report(clock, stored, computed));
    const ratio = operationRatio(shape).toFixed(2);
    const large = operationRatio({ hidden: 1024, layers: 24 }).toFixed(2);
    console.log(`operations: ratio ${ratio} at ${shape.layers} layers of ${shape.hidden}, ${large} at RoBERTa-large's`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
