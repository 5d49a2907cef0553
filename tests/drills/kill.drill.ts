import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Draw, streams } from "@kgraft/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { filesBelow, kgraft, leftovers, type Started, start, temporaryFolder, tinyConfig } from "../cli/kgraft.ts";

const seed = Number(process.env.DRILL_SEED ?? Date.now() % 2 ** 31);
const folder = temporaryFolder();
const config = tinyConfig(folder, "", "drill.yaml");
const set = ["task.epochs=7", "task.batchSize=4", "task.freezeLayers=1"].flatMap((value) => ["--set", value]);
const args = (output: string): readonly string[] => ["run", config, "--resume", "--set", `output=${output}`, ...set];

const whole = join(folder, "whole");
/** What a run leaves that must not depend on how often it was killed. */
const results = ["model/model", "model/fusion", "model/head"]
  .map((name) => `${name}.safetensors`)
  .concat("metrics.json", "predictions/test.jsonl");

/** How long the parts of a run take that nobody disturbs, in milliseconds. */
const length = { start: 0, training: 0, evaluation: 0 };

/** A process, where it writes, and what it has said. */
interface Run extends Started {
  readonly output: string;
  readonly said: () => string;
}

function begin(output: string): Run {
  const started = start(args(output));
  let said = "";
  started.child.stderr?.on("data", (text: string) => {
    said += text;
  });
  return { ...started, output, said: () => said };
}

/** Waits for something; false where the process is gone before. */
async function until({ child }: Run, happened: () => boolean): Promise<boolean> {
  while (!happened()) {
    if (child.exitCode !== null) return false;
    await wait(1);
  }
  return true;
}

const trains = ({ output }: Run) => existsSync(join(output, "unfinished.json"));
const evaluates = ({ said }: Run) => said().includes("Fine-tuning entity-typing: ");
const unfinishedCheckpoints = (output: string): readonly string[] =>
  existsSync(output) ? filesBelow(output).filter((path) => /^checkpoints\/.*\/step-\d+\.[^/]+\.tmp\//.test(path)) : [];

/** Comes to a moment of its kind, drawn at random. */
const moments: Readonly<Record<string, (run: Run, draw: Draw) => Promise<unknown>>> = {
  "on its start": (_, draw) => wait(draw.uniform() * length.start),
  "at a step": async (run, draw) => {
    await until(run, () => trains(run));
    await wait(draw.uniform() * length.training * 0.95);
  },
  "in mid-checkpoint": async (run, draw) => {
    // Of four checkpoints, the one whose step folder is written after so many others.
    const before = draw.integer(4);
    const seen = new Set<string>();
    const halfWritten = (): boolean => {
      const [path] = unfinishedCheckpoints(run.output);
      if (path !== undefined) seen.add(path.slice(0, path.indexOf(".tmp/")));
      if (path === undefined || seen.size <= before) return false;
      // Stopped first, so that what is seen is what the kill finds.
      run.child.kill("SIGSTOP");
      if (unfinishedCheckpoints(run.output).length > 0) return true;
      run.child.kill("SIGCONT");
      return false;
    };
    await until(run, halfWritten);
  },
  "while it evaluates": async (run, draw) => {
    await until(run, () => evaluates(run));
    await wait(draw.uniform() * length.evaluation * 0.8);
  },
};

/** Kills a run at such a moment; a run that was quicker is thrown away for another. */
async function killed(kind: string, drill: number): Promise<string> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const run = begin(join(folder, `${kind}-${drill}-${attempt}`.replaceAll(" ", "-")));
    await moments[kind]?.(run, streams(seed).at(kind, drill, attempt));
    run.child.kill("SIGKILL");
    const { code, stderr } = await run.ended;
    const inTime = kind !== "in mid-checkpoint" || unfinishedCheckpoints(run.output).length > 0;
    if (code === null && inTime) return run.output;
    expect(code === null || code === 0, stderr).toBe(true);
  }
  throw new Error(`Ten runs ended before they could be killed ${kind} (DRILL_SEED=${seed})`);
}

beforeAll(async () => {
  const began = performance.now();
  const run = begin(whole);
  await until(run, () => trains(run));
  length.start = performance.now() - began;
  await until(run, () => evaluates(run));
  length.training = performance.now() - began - length.start;
  const { code, stderr } = await run.ended;
  length.evaluation = performance.now() - began - length.start - length.training;
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
});

describe.each(Object.keys(moments))(`a run killed %s (DRILL_SEED=${seed})`, (kind) => {
  test.each([1, 2, 3, 4, 5])(
    "ends with the same bytes once it is resumed, and leaves nothing behind: %i",
    async (drill) => {
      const output = await killed(kind, drill);
      const { code, stderr } = await kgraft(args(output));
      expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
      const differing = results.filter(
        (file) => !readFileSync(join(output, file)).equals(readFileSync(join(whole, file))),
      );
      expect(differing).toEqual([]);
      expect(leftovers(output)).toEqual([]);
    },
  );
});
