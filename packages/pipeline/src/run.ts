import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError, type Progress, writeFileAtomic } from "@kgraft/runtime";
import { readArm } from "./arms.ts";
import { cellIdentity } from "./cell-identity.ts";
import { type FinishedCell, metricsOf, readFinishedCell, runCell } from "./cell-run.ts";
import { composeSharedWork, required, type SharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { noting } from "./noting-progress.ts";
import { writeRunReport } from "./report/run-report.ts";
import { runFolder, stagesFolder } from "./run-folders.ts";
import { lockFolder, removeAbandoned } from "./run-lock.ts";

export interface RunOptions {
  /** Go on where a run was broken off; with nothing there, start afresh. */
  readonly resume: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface RunOutcome {
  readonly folder: string;
  /** As in `metrics.json`: by task, split and metric. */
  readonly metrics: ReturnType<typeof metricsOf>;
}

/**
 * Runs all stages that a config names, for its strategy and its seed, into `runs/<name>/seed-<seed>` or `output`.
 *
 * @throws InputError `run.exists` where the folder holds a run and `resume` is false, or a run of another config; RunError
 * where training diverges or is stopped
 */
export async function run(config: RunConfig, { resume, progress, signal }: RunOptions): Promise<RunOutcome> {
  required(config, "encoder");
  const folder = runFolder(config);
  const release = await lockFolder(folder);
  const noted = noting(progress);
  const shared = composeSharedWork(config, stagesFolder(config), noted);
  try {
    await prepareFolder(folder, resume);
    const cell = await finishedOrRun(shared, folder, resume, signal);
    await writeRunReport(folder, config, cell, noted.notes);
    return { folder, metrics: metricsOf(cell) };
  } finally {
    await shared.close();
    await release();
  }
}

async function finishedOrRun(
  shared: SharedWork,
  folder: string,
  resume: boolean,
  signal: AbortSignal | undefined,
): Promise<FinishedCell> {
  const { config } = shared;
  const arm = readArm(config, config.arm, `${config.file}: config.fusion.name`);
  const identity = await cellIdentity(shared, arm, config.seed);
  const finished = await readFinishedCell(folder, identity);
  if (finished !== undefined) return finished;
  await writeFileAtomic(join(folder, "config.yaml"), config.written);
  return runCell({ shared, arm, seed: config.seed, folder, identity, resume, signal });
}

/** Refuses a folder that holds a run, unless it is to be resumed; clears away what a killed process left half-written. */
async function prepareFolder(folder: string, resume: boolean): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name !== ".lock" && name !== "stages" && name !== "compare");
  if (!resume && names.includes("config.yaml")) {
    throw new InputError({
      code: "run.exists",
      at: folder,
      problem: "holds a run already",
      fix: "Go on with --resume, give another name: or output:, or remove the folder",
    });
  }
  await removeAbandoned(folder);
  await rm(join(folder, "report.html"), { force: true });
}
