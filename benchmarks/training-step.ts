/**
 * One training step (forward, backward, AdamW) of a BERT with 4 layers, H 256, 4 heads, 16 x 128 tokens, 19 masked a row,
 * vocabulary 8192 tied, in float32 without dropout: native, wasm and PyTorch in turns.
 *
 *     npm run bench -- training-step [--quick] [--arms native,pytorch]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "@kgraft/runtime";
import { doctor } from "@kgraft/tensor";
import { ARMS, type Arm, type Run, SHORT_ARMS, type Step, startArm } from "./arm.ts";
import { writeStep } from "./bert-data.ts";
import { median, spread } from "./statistics.ts";

/** Turns that only warm up. */
const WARM_UP = 2;

/** How much is measured. */
interface Extent {
  readonly turns: number;
  /** Length of a run of the trainer. */
  readonly trainSteps: number;
}
const FULL: Extent = { turns: 25, trainSteps: 20 };
const QUICK: Extent = { turns: 9, trainSteps: 6 };

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function describe(name: string, steps: readonly Step[]): string {
  const times = steps.map(({ seconds }) => seconds);
  const share = median(steps.map(({ seconds, optimiserSeconds }) => optimiserSeconds / seconds));
  const { loss, peakMiB } = steps.at(-1) as Step;
  return `${name.padEnd(12)} ${median(times).toFixed(3)} s a step (${spread(times, 3)}), optimiser ${percent(share)} of it, peak ${peakMiB.toFixed(0)} MiB, last loss ${loss.toFixed(5)}`;
}

function describeRun(name: string, { seconds, stepSeconds }: Run, steps: number): string {
  return `${name.padEnd(12)} trainer outside its ${steps} steps: ${percent(1 - stepSeconds / seconds)} of ${seconds.toFixed(1)} s`;
}

/** How an arm compares with PyTorch: ratio of the medians, and the ratios of the single turns as spread. */
function ratio(name: string, steps: readonly Step[], other: string, others: readonly Step[]): string {
  const seconds = (list: readonly Step[]): number[] => list.map((step) => step.seconds);
  const turns = steps.map((step, turn) => step.seconds / (others[turn] as Step).seconds);
  const memory = (steps.at(-1) as Step).peakMiB / (others.at(-1) as Step).peakMiB;
  return `${name} / ${other}: ${(median(seconds(steps)) / median(seconds(others))).toFixed(2)} (turns ${spread(turns, 2)}), peak memory ${memory.toFixed(2)}`;
}

async function takeTurns(arms: ReadonlyMap<string, Arm>, turns: number): Promise<ReadonlyMap<string, Step[]>> {
  const steps = new Map<string, Step[]>(Array.from(arms.keys(), (name) => [name, []]));
  for (let turn = -WARM_UP; turn < turns; turn++)
    for (const [name, arm] of arms) {
      const step = await arm.step();
      if (turn >= 0) steps.get(name)?.push(step);
    }
  return steps;
}

async function measure(names: readonly string[], folder: string, { turns, trainSteps }: Extent): Promise<void> {
  const arms = new Map<string, Arm>();
  try {
    for (const name of names) arms.set(name, await startArm(name, folder));
    for (const { ready } of arms.values()) console.log(ready);
    sayLoad("Before");
    const steps = await takeTurns(arms, turns);
    for (const [name, made] of steps) console.log(describe(name, made));
    for (const [name, arm] of arms)
      if (!name.startsWith("pytorch")) console.log(describeRun(name, await arm.train(trainSteps), trainSteps));
    for (const [name, made] of steps) {
      const other = name.includes("bf16") ? "pytorch-bf16" : "pytorch";
      const others = steps.get(other);
      if (others !== undefined && name !== other) console.log(ratio(name, made, other, others));
    }
    sayLoad("After");
  } finally {
    for (const arm of arms.values()) arm.end();
  }
}

/** Whoever reads the figures must see whether the machine was busy with something else. */
function sayLoad(when: string): void {
  const [minute] = loadavg() as [number, number, number];
  console.log(`${when}: load of the last minute ${minute.toFixed(1)} on ${availableParallelism()} cores`);
}

/** bfloat16 is measured where the processor has its products. */
async function usualArms(): Promise<readonly string[]> {
  const { processor } = await doctor({ measure: false });
  if (processor.extensions.some((extension) => extension.endsWith("_bf16"))) return [...ARMS, ...SHORT_ARMS];
  console.log("bfloat16: not measured, this processor has no such products");
  return ARMS;
}

/** Which arms are asked for, and how much. */
async function readArguments(args: readonly string[]): Promise<{ names: readonly string[]; extent: Extent }> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean" }, arms: { type: "string" } },
  });
  const known = [...ARMS, ...SHORT_ARMS];
  const names = values.arms?.split(",") ?? (await usualArms());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--arms: no arm "${unknown}". Known: ${known.join(", ")}`);
  return { names, extent: values.quick === true ? QUICK : FULL };
}

/**
 * Prints of each arm the median and spread of the seconds a step, the optimiser's share, memory and loss; what the trainer
 * takes beside its steps; and the ratios to PyTorch.
 */
export async function main(args: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "training-step-"));
  try {
    const { names, extent } = await readArguments(args);
    await writeStep(folder);
    await measure(names, folder, extent);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
