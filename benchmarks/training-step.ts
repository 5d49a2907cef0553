/**
 * One training step (forward, backward, AdamW) of a BERT with 4 layers, H 256, 4 heads, 16 x 128 tokens, 19 masked a row,
 * vocabulary 8192 tied, in float32 without dropout: native, wasm and PyTorch in turns.
 *
 *     npm run bench -- training-step [--quick] [--arms native,pytorch]
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { messageOf } from "@kgraft/runtime";
import { writeStep } from "./bert-data.ts";
import { pytorchPython } from "./pytorch-environment.ts";

const ARMS = ["native", "wasm", "pytorch"];

/** What an arm says of one step. */
interface Step {
  readonly seconds: number;
  readonly loss: number;
  /** Most memory that the process ever had. */
  readonly peakMiB: number;
}

/** A process that makes a step when it is told to. */
interface Arm {
  readonly ready: string;
  step(): Promise<Step>;
  end(): void;
}

async function startArm(name: string, folder: string): Promise<Arm> {
  const here = import.meta.dirname;
  const runner = join(here, "../packages/tensor/test-data/run-typescript.mjs");
  const [command, args] =
    name === "pytorch"
      ? [pytorchPython(), [join(here, "bert-step.py"), folder, String(availableParallelism())]]
      : [process.execPath, [runner, join(here, "bert-step.ts"), name]];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`The arm "${name}" ended by itself`);
    return JSON.parse(value) as T;
  };
  const step = (): Promise<Step> => {
    child.stdin.write("step\n");
    return next<Step>();
  };
  return { ready: (await next<{ ready: string }>()).ready, step, end: () => child.stdin.end() };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
};

function describe(name: string, steps: readonly Step[]): string {
  const times = steps.map(({ seconds }) => seconds);
  const spread = `${Math.min(...times).toFixed(3)} to ${Math.max(...times).toFixed(3)}`;
  const { loss, peakMiB } = steps.at(-1) as Step;
  return `${name.padEnd(8)} ${median(times).toFixed(3)} s a step (${spread}), peak ${peakMiB.toFixed(0)} MiB, last loss ${loss.toFixed(5)}`;
}

/** How an arm compares with PyTorch: ratio of the medians, and the ratios of the single turns as spread. */
function ratio(name: string, steps: readonly Step[], others: readonly Step[]): string {
  const seconds = (list: readonly Step[]): number[] => list.map((step) => step.seconds);
  const turns = steps.map((step, turn) => step.seconds / (others[turn] as Step).seconds);
  const memory = (steps.at(-1) as Step).peakMiB / (others.at(-1) as Step).peakMiB;
  const spread = `${Math.min(...turns).toFixed(2)} to ${Math.max(...turns).toFixed(2)}`;
  return `${name} / pytorch: ${(median(seconds(steps)) / median(seconds(others))).toFixed(2)} (turns ${spread}), peak memory ${memory.toFixed(2)}`;
}

async function measure(names: readonly string[], folder: string, turns: number): Promise<void> {
  const arms = new Map<string, Arm>();
  try {
    for (const name of names) arms.set(name, await startArm(name, folder));
    for (const { ready } of arms.values()) console.log(ready);
    const steps = new Map<string, Step[]>(names.map((name) => [name, []]));
    // The first turns warm up.
    for (let turn = -2; turn < turns; turn++)
      for (const [name, arm] of arms) {
        const step = await arm.step();
        if (turn >= 0) steps.get(name)?.push(step);
      }
    for (const [name, made] of steps) console.log(describe(name, made));
    const others = steps.get("pytorch");
    for (const [name, made] of steps) if (others && name !== "pytorch") console.log(ratio(name, made, others));
  } finally {
    for (const arm of arms.values()) arm.end();
  }
}

/** Which arms are asked for, and how many turns. */
function readArguments(args: readonly string[]): { names: readonly string[]; turns: number } {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean" }, arms: { type: "string", default: ARMS.join(",") } },
  });
  const names = values.arms.split(",");
  const unknown = names.find((name) => !ARMS.includes(name));
  if (unknown !== undefined) throw new Error(`--arms: no arm "${unknown}". Known: ${ARMS.join(", ")}`);
  return { names, turns: values.quick === true ? 3 : 15 };
}

/** Prints one line an arm (median and spread of the seconds a step, memory, loss), and the ratios to PyTorch. */
export async function main(args: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "training-step-"));
  try {
    const { names, turns } = readArguments(args);
    await writeStep(folder);
    await measure(names, folder, turns);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
