import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The root of the checkout. */
export const root = new URL("../../", import.meta.url).pathname;
export const typing = join(root, "kg-fixtures/typing");
const bin = join(root, "packages/cli/bin/kgraft.js");

/** A process that ended. */
export interface Ended {
  /** Exit code, or null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the built command. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = root): Started {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...process.env, ...env } });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...texts }));
  });
  return { child, ended };
}

/** Runs the built command to its end. */
export function kgraft(args: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): Promise<Ended> {
  return start(args, env, cwd).ended;
}

/** A folder that is removed when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kgraft-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file below a folder. */
export function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The toy config made so small that a run takes a second or two. */
export function tinyConfig(folder: string, change = "", name = "tiny.yaml"): string {
  return write(
    folder,
    name,
    `extends: ${join(root, "configs/toy.yaml")}
name: tiny
backend: wasm
output: out
encoder: { hiddenSize: 16, maxPositions: 32 }
embedding: { name: transe, dimension: 8, epochs: 3 }
pretrain: { steps: 4, headSteps: 2 }
task: { epochs: 2, batchSize: 16 }
${change}`,
  );
}

/** All files below a folder, hidden ones too, as paths from it. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** What a run may leave only while it lives. */
export function leftovers(folder: string): readonly string[] {
  const passing = /\.tmp($|\/)|(^|\/)(checkpoints|states)\/|\.lock$|\.work\/|unfinished\.json$/;
  return filesBelow(folder).filter((path) => passing.test(path));
}

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

export function readJsonLines<T>(...path: string[]): readonly T[] {
  const lines = readFileSync(join(...path), "utf8").trimEnd();
  return lines.split("\n").map((line) => JSON.parse(line) as T);
}

/** A tensor as a safetensors file has it. */
export interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Reads a safetensors file from the layout alone: eight bytes of length, a JSON header, data. */
export function readTensors(...path: string[]): ReadonlyMap<string, Tensor> {
  const file = readFileSync(join(...path));
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString("utf8")) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { dtype, shape, bytes: Uint8Array.from(file.subarray(start + from, start + to)) }],
      ),
  );
}

/** The numbers of a float32 tensor. */
export function floats(tensor: Tensor | undefined): Float32Array {
  return new Float32Array((tensor as Tensor).bytes.buffer);
}
