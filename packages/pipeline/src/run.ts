import { rm } from "node:fs/promises";
import { InputError, type Progress } from "@kgraft/runtime";
import { readArm } from "./arms.ts";
import {
  type FinishedCell,
  holdsCell,
  metricsOf,
  prepareCellFolder,
  readFinishedCell,
  statesFolder,
} from "./cell-folder.ts";
import { cellIdentity } from "./cell-identity.ts";
import { runCell } from "./cell-run.ts";
import { required, type SharedWork, withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { noting } from "./noting-progress.ts";
import { writeRunReport } from "./report/run-report.ts";
import { runFolder } from "./run-folders.ts";
import { lockFolder } from "./run-lock.ts";

/** Whether a run goes on from an earlier one, and how it is watched and stopped. */
export interface RunOptions {
  /** Go on where a run was broken off; with nothing there, start afresh. */
  readonly resume: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Where a run's results are, and its scores. */
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
  if (config.pretrain !== undefined) required(config, "corpus");
  const folder = runFolder(config);
  const release = await lockFolder(folder);
  const noted = noting(progress);
  try {
    return await withSharedWork(config, { progress: noted, signal }, async (shared) => {
      const cell = await finishedOrRun(shared, folder, resume);
      await writeRunReport(folder, config, cell, noted.notes);
      return { folder, metrics: metricsOf(cell) };
    });
  } finally {
    await release();
  }
}

async function finishedOrRun(shared: SharedWork, folder: string, resume: boolean): Promise<FinishedCell> {
  const { config } = shared;
  if (!resume && holdsCell(folder)) {
    throw new InputError({
      code: "run.exists",
      at: folder,
      problem: "holds a run already",
      fix: "Go on with --resume, give another name: or output:, or remove the folder",
    });
  }
  const arm = readArm(config, config.arm, `${config.file}: config.fusion.name`);
  const { seed } = config;
  const identity = await cellIdentity(shared, arm, seed);
  await prepareCellFolder(folder, identity, "refuse");
  const finished = await readFinishedCell(folder, identity);
  const cell = finished ?? (await runCell({ shared, arm, seed, folder, identity, resume, scratch: folder }));
  await rm(statesFolder(folder), { recursive: true, force: true });
  return cell;
}
