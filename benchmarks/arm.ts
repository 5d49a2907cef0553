/** The arms of the training-step benchmark: processes that make a step when they are told to. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pytorchPython } from "./pytorch-environment.ts";

export const ARMS = ["native", "wasm", "pytorch"];
/** Matrix products in bfloat16; the optimiser and all else in float32. */
export const SHORT_ARMS = ["native-bf16", "pytorch-bf16"];

/** What an arm says of one step. */
export interface Step {
  readonly seconds: number;
  /** How much of it the update took. */
  readonly optimiserSeconds: number;
  readonly loss: number;
  /** Most memory that the process ever had. */
  readonly peakMiB: number;
}

/** What an arm says of a run of the trainer. */
export interface Run {
  readonly seconds: number;
  /** How much of it the steps took. */
  readonly stepSeconds: number;
}

/** A process of its own. */
export interface Arm {
  readonly ready: string;
  step(): Promise<Step>;
  train(steps: number): Promise<Run>;
  end(): void;
}

/**
 * Starts an arm and waits until it is ready.
 *
 * @param folder holds what `writeStep` wrote
 * @throws Error where it ends by itself
 */
export async function startArm(name: string, folder: string): Promise<Arm> {
  const [command, args] = commandOf(name, folder);
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => undefined); // a dead arm shows when its next line is asked for
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`The arm "${name}" ended by itself (exit code ${child.exitCode ?? "unknown"})`);
    return JSON.parse(value) as T;
  };
  const ask = <T>(line: string): Promise<T> => {
    child.stdin.write(`${line}\n`);
    return next<T>();
  };
  const { ready } = await next<{ ready: string }>();
  return { ready, step: () => ask("step"), train: (steps) => ask(`train ${steps}`), end: () => child.stdin.end() };
}

function commandOf(name: string, folder: string): [command: string, args: string[]] {
  const here = import.meta.dirname;
  const [program, precision = "float32"] = name.split("-");
  if (program === "pytorch")
    return [pytorchPython(), [join(here, "bert-step.py"), folder, String(availableParallelism()), precision]];
  const runner = join(here, "../packages/tensor/test-data/run-typescript.mjs");
  return [process.execPath, [runner, join(here, "bert-step.ts"), name]];
}
