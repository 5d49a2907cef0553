import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { InputError, readJsonFileIfThere, removeAbandoned, writeFileAtomic } from "@kgraft/runtime";
import type { Cell } from "./comparison-table.ts";
import type { Curve } from "./report/curve.ts";

/** What a finished cell keeps in `cell.json`. */
export interface FinishedCell extends Cell {
  /** Stands for everything that decided the cell's outcome. */
  readonly identity: string;
  /** The task's name, under which `metrics.json` has the scores. */
  readonly task: string | undefined;
  readonly curves: readonly Curve[];
  readonly counts: Readonly<Record<string, number>>;
  readonly embedding: Readonly<Record<string, unknown>> | undefined;
}

const CELL = "cell.json";
const UNFINISHED = "unfinished.json";
const CONFIG = "config.yaml";

/** Where the checkpoints of a cell's training are, until it is finished. */
export function checkpointsFolder(folder: string): string {
  return join(folder, "checkpoints");
}

/** Hidden states that a cell's or comparison's fine-tuning reads again and again, until it is finished. */
export function statesFolder(folder: string): string {
  return join(folder, "states");
}

/** Reads a finished cell; undefined where there is none, or one of another config. */
export async function readFinishedCell(folder: string, identity: string): Promise<FinishedCell | undefined> {
  const cell = await readJson<FinishedCell>(join(folder, CELL));
  return cell?.identity === identity ? cell : undefined;
}

/**
 * Makes a folder ready for a cell, and clears away what a killed process left half-written.
 *
 * @param whenChanged what to do with a cell of another config, code or backend that the folder holds
 * @throws InputError `run.changed` where it is to be refused
 */
export async function prepareCellFolder(
  folder: string,
  identity: string,
  whenChanged: "refuse" | "start-again",
): Promise<void> {
  const there =
    (await readJson<{ identity: string }>(join(folder, CELL))) ??
    (await readJson<{ identity: string }>(join(folder, UNFINISHED)));
  if (there !== undefined && there.identity !== identity) {
    if (whenChanged === "refuse") {
      throw new InputError({
        code: "run.changed",
        at: folder,
        problem: "holds a run of another config, backend or version of kgraft",
        wanted: "Wanted the one that --resume goes on with",
        fix: "Give another name: or output:, or remove the folder",
      });
    }
    await rm(folder, { recursive: true, force: true });
  }
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
}

/** Whether a folder holds a cell, finished or not. */
export function holdsCell(folder: string): boolean {
  return [CELL, UNFINISHED].some((name) => existsSync(join(folder, name)));
}

/** Notes whose cell this is and with what config, before its training begins. */
export async function beginCell(folder: string, identity: string, config: string): Promise<void> {
  await writeFileAtomic(join(folder, UNFINISHED), JSON.stringify({ identity }));
  await writeFileAtomic(join(folder, CONFIG), config);
}

/** Takes a beginning back where no checkpoint came of it. */
export async function takeBack(folder: string): Promise<void> {
  if (existsSync(checkpointsFolder(folder))) return;
  for (const name of [CONFIG, UNFINISHED]) await rm(join(folder, name), { force: true });
}

/** Writes `cell.json`, the last of a cell's files: where it stands, everything else does. */
export async function finishCell(folder: string, cell: FinishedCell): Promise<void> {
  await writeFileAtomic(join(folder, CELL), `${JSON.stringify(cell)}\n`);
  await rm(join(folder, UNFINISHED), { force: true });
  await rm(checkpointsFolder(folder), { recursive: true, force: true });
}

/** The scores as `metrics.json` has them: by task, split and metric. */
export function metricsOf({
  task,
  scores,
}: Pick<FinishedCell, "task" | "scores">): Readonly<Record<string, FinishedCell["scores"]>> {
  return task === undefined ? {} : { [task]: scores };
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const words = { code: "run.cell", fix: "Remove the folder: the cell is then made anew" };
  return (await readJsonFileIfThere(path, words)) as T | undefined;
}
