import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silent, streams } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testedBackends } from "../../test-data/backends.ts";
import { resumableRun, sineSpecs } from "../../test-data/sine-run.ts";
import { openBackend, Parameters, tf, train } from "../index.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const testData = fileURLToPath(new URL("../../test-data", import.meta.url));
const backend = testedBackends.at(-1) as string;

let folder: string;
let unbroken: ReadonlyMap<string, Float32Array>;
let curve: unknown;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "resume-"));
  await openBackend(backend);
  const run = resumableRun(join(folder, "unbroken"));
  curve = (await train(run)).losses;
  unbroken = await run.parameters.snapshot();
  run.parameters.dispose();
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts the run in a process of its own and kills it some time after it has printed a step. */
async function killedAt(step: number, waitMs: number, checkpoints: string): Promise<void> {
  const file = join(testData, "killed-run.ts");
  const child = spawn(process.execPath, [join(testData, "run-typescript.mjs"), file, backend, checkpoints], {
    cwd: root,
  });
  let printed = "";
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  child.stdout.on("data", (text) => {
    printed += text;
    if (printed.includes(`step ${step}\n`)) setTimeout(() => child.kill("SIGKILL"), waitMs);
  });
  const signal = await new Promise((done) => child.on("close", (_, killer) => done(killer)));
  expect(signal, errors).toBe("SIGKILL");
}

/** Resumes in this process, and compares weights and loss curves with the unbroken run's. */
async function expectSameAfterResume(checkpoints: string, notes: string[] = []): Promise<void> {
  const run = resumableRun(checkpoints, { progress: { ...silent, note: (text) => notes.push(text) } });
  const result = await train(run);
  expect(result).toMatchObject({ steps: 20, tokens: 34 * 12, stopped: "length" });
  expect(result.losses).toEqual(curve);
  expect(await run.parameters.snapshot()).toEqual(unbroken);
  run.parameters.dispose();
  expect((await readdir(checkpoints)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
}

describe(`a run killed and resumed on ${backend}`, () => {
  const draw = streams(20).at("kill");
  const kills = [1, 2, 3].map(() => [1 + draw.integer(18), draw.integer(20)] as const);
  it.each(kills)("after step %i and %i ms ends with the same bytes", async (step, waitMs) => {
    const checkpoints = join(folder, `killed-${step}-${waitMs}`);
    await killedAt(step, waitMs, checkpoints);
    await expectSameAfterResume(checkpoints);
  });
});

describe("a checkpoint folder", () => {
  it("keeps the last two and the best, and says where it stands", async () => {
    const { best, step, evaluations } = JSON.parse(await readFile(join(folder, "unbroken/step-20/state.json"), "utf8"));
    const kept = new Set(["step-18", "step-20", `step-${best.step}`]);
    expect(new Set(await readdir(join(folder, "unbroken")))).toEqual(kept);
    expect(step).toBe(20);
    expect(evaluations).toHaveLength(5);
    const errors = evaluations.map(({ metrics }: { metrics: { error: number } }) => metrics.error);
    expect(best.value).toBe(Math.min(...errors));
    expect(await readdir(join(folder, "unbroken/step-20"))).toEqual(["state.json", "state.safetensors"]);
  });

  it("passes over a last one that is cut short", async () => {
    const checkpoints = await copyOf("unbroken", "cut");
    const tensors = join(checkpoints, "step-20/state.safetensors");
    await truncate(tensors, (await stat(tensors)).size - 10);
    const notes: string[] = [];
    await expectSameAfterResume(checkpoints, notes);
    expect(notes[0]).toContain(`Passing over a checkpoint that cannot be read: ${tensors}`);
    expect(notes[0]).toContain("the file ends after");
    expect(notes[1]).toBe("sine: going on after step 18 of 20");
  });

  it("refuses to go on where none can be read", async () => {
    const checkpoints = await copyOf("unbroken", "all-cut");
    for (const name of await readdir(checkpoints)) await writeFile(join(checkpoints, name, "state.json"), "{");
    const run = resumableRun(checkpoints);
    await expect(train(run)).rejects.toThrow(
      /step-20\/state.json: cannot be read, nor can an earlier checkpoint .*without resuming/,
    );
    run.parameters.dispose();
  });

  it("refuses a run of another configuration or model", async () => {
    const checkpoints = join(folder, "unbroken");
    const run = resumableRun(checkpoints);
    const options = { folder: checkpoints, everySteps: 3, keep: 2, resume: true };
    await expect(train({ ...run, checkpoint: { ...options, configHash: "sine-2" } })).rejects.toThrow(
      `step-20: belongs to another configuration: its hash is sine-1, this run's sine-2. Resume with the configuration that wrote it`,
    );
    const others = [{ ...sineSpecs[0], name: "hidden.wieght" }, ...sineSpecs.slice(1)] as typeof sineSpecs;
    const renamed = Parameters.create(others, streams(1));
    await expect(train({ ...run, parameters: renamed })).rejects.toThrow(
      'step-20: holds the parameter "hidden.weight", which the model lacks. Nearest: hidden.wieght',
    );
    const wider = Parameters.create(
      [{ ...sineSpecs[0], shape: [4, 5] }, ...sineSpecs.slice(1)] as typeof sineSpecs,
      streams(1),
    );
    await expect(train({ ...run, parameters: wider })).rejects.toThrow(
      'step-20: holds "hidden.weight" as [4, 3]. The model has [4, 5].',
    );
    await expect(train({ ...run, checkpoint: { ...options, configHash: "sine-1", resume: false } })).rejects.toThrow(
      `${checkpoints}: holds a run at step 20. Resume it, or choose another folder.`,
    );
    for (const parameters of [run.parameters, renamed, wider]) parameters.dispose();
  });

  it("is written where a signal comes, and the run goes on from it", async () => {
    const checkpoints = join(folder, "signal");
    const stop = new AbortController();
    const run = resumableRun(checkpoints, {
      signal: stop.signal,
      onStep: ({ step }) => step === 7 && stop.abort(),
    });
    expect(await train(run)).toMatchObject({ steps: 7, stopped: "signal" });
    expect(await readdir(checkpoints)).toContain("step-7");
    run.parameters.dispose();
    await expectSameAfterResume(checkpoints);
  });

  it("is quick to come back from once the run has ended", async () => {
    await expectSameAfterResume(join(folder, "unbroken"));
    expect(tf.memory().numTensors).toBe(0);
  });

  it("is left as it was where the disk refuses the next", async () => {
    const checkpoints = join(folder, "blocked");
    await writeFile(checkpoints, "a file where a folder should be");
    const run = resumableRun(checkpoints);
    await expect(train(run)).rejects.toThrow(`${checkpoints}: `);
    run.parameters.dispose();
  });
});

async function copyOf(from: string, to: string): Promise<string> {
  await cp(join(folder, from), join(folder, to), { recursive: true });
  return join(folder, to);
}
