import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, kgraft, leftovers, type Started, start, temporaryFolder, tinyConfig } from "./kgraft.ts";

const folder = temporaryFolder();
const config = tinyConfig(folder, "", "long.yaml");
const longer = ["--set", "task.epochs=7", "--set", "task.batchSize=4", "--set", "task.freezeLayers=1"];
const args = (output: string): readonly string[] => ["run", config, "--resume", "--set", `output=${output}`, ...longer];
const [whole, broken] = [join(folder, "whole"), join(folder, "broken")];

/** How long training takes in a run that nobody disturbs. */
let trainingMs = 0;
/** … and how long it takes until then. */
let startMs = 0;

/** Waits for the first step of a training; returns at once where the process is gone. */
async function training({ child, ended }: Started, output: string): Promise<void> {
  let begun = existsSync(join(output, "unfinished.json")) ? false : undefined;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  child.stderr?.on("data", (text: string) => {
    if (text.includes("going on after step")) begun = true;
  });
  while (!over && begun !== true) {
    await wait(5);
    if (begun === undefined && existsSync(join(output, "unfinished.json"))) begun = true;
  }
}

/** Starts the run and sends it a signal some time after its training began. */
async function disturb(signal: NodeJS.Signals, afterMs: number): Promise<Ended> {
  const started = start(args(broken));
  await training(started, broken);
  await wait(afterMs);
  started.child.kill(signal);
  return started.ended;
}

beforeAll(async () => {
  const spawned = performance.now();
  const started = start(args(whole));
  await training(started, whole);
  const began = performance.now();
  startMs = began - spawned;
  const { code, stderr } = await started.ended;
  trainingMs = performance.now() - began;
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
});

describe("a run that is stopped and resumed", () => {
  test("ends on SIGINT with 130 and on SIGTERM with 143, one line, and a checkpoint of the step that it finished", async () => {
    const interrupted = await disturb("SIGINT", 0.2 * trainingMs);
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toMatch(/\nSIGINT: .+ stopped .+\. Run again with --resume to go on from there\.\n$/);
    expect(interrupted.stdout).toBe("");
    expect(existsSync(join(broken, "checkpoints"))).toBe(true);
    expect(existsSync(join(broken, ".lock"))).toBe(false);
    const terminated = await disturb("SIGTERM", 0.1 * trainingMs);
    expect(terminated.code).toBe(143);
    expect(terminated.stderr).toContain("\nSIGTERM: ");
    expect(existsSync(join(broken, "metrics.json"))).toBe(false);
  });

  test("killed at three random moments gives the same final bytes and leaves nothing temporary", async () => {
    const moments = Array.from({ length: 3 }, () => (Math.random() * 0.6 - 0.1) * trainingMs);
    const kills: (number | null)[] = [];
    for (const moment of moments) {
      const { child, ended } = start(args(broken));
      await wait(Math.max(0, startMs + moment));
      child.kill("SIGKILL");
      kills.push((await ended).code);
    }
    expect(kills, `after ${moments.map(Math.round).join(", ")} ms`).toContain(null);
    const { code, stderr } = await kgraft(args(broken));
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    for (const file of ["model/model", "model/fusion", "model/head"]
      .map((name) => `${name}.safetensors`)
      .concat("metrics.json", "predictions/test.jsonl"))
      expect(
        readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))),
        `${file} after ${moments.map(Math.round).join(", ")} ms`,
      ).toBe(true);
    expect(leftovers(broken)).toEqual([]);
  });
});
