import { rm } from "node:fs/promises";
import { join } from "node:path";
import { controls as fusionControls } from "@kgraft/fusion";
import { InputError, type Progress, writeFileAtomic } from "@kgraft/runtime";
import { type CheckedArm, readArm } from "./arms.ts";
import { type Baseline, readOrMakeBaselines } from "./baselines.ts";
import { type FinishedCell, prepareCellFolder, readFinishedCell, statesFolder } from "./cell-folder.ts";
import { cellIdentity } from "./cell-identity.ts";
import { runCell } from "./cell-run.ts";
import { type ArmSummary, summariseArms } from "./comparison-table.ts";
import { required, type SharedWork, withSharedWork } from "./composition.ts";
import type { RunConfig } from "./config/run-config.ts";
import { noting } from "./noting-progress.ts";
import { writeComparisonReport } from "./report/comparison-report.ts";
import { cellFolder, comparisonFolder } from "./run-folders.ts";
import { lockFolder } from "./run-lock.ts";
import { assertGoing } from "./stopped.ts";

/** What is compared, and how often. */
export interface CompareOptions {
  /** Strategies, stacks and controls, as they are to stand in the table. */
  readonly arms: readonly string[];
  /** How many seeds, counted up from the config's. */
  readonly seeds: number;
  /** Add the controls of every strategy that a control can act on. */
  readonly controls: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** One table of arms. */
export interface Comparison {
  readonly name: string;
  readonly task: string;
  /** The split that the table shows. */
  readonly split: "test";
  readonly arms: readonly ArmSummary[];
  readonly baselines: readonly Baseline[];
  /** What the vectors were measured to know, what was skipped, … */
  readonly remarks: readonly string[];
  readonly report: string | undefined;
}

const AT = "--strategies";

/**
 * Runs every arm with every seed on the same graph, text, checkpoint and budget, and puts their scores together. Finished
 * cells are kept and skipped; one that was broken off is resumed.
 */
export async function compare(config: RunConfig, options: CompareOptions): Promise<Comparison> {
  const task = required(config, "task");
  required(config, "encoder");
  if (config.pretrain !== undefined) required(config, "corpus");
  const arms = readArms(config, options);
  const folder = comparisonFolder(config);
  const release = await lockFolder(folder);
  const noted = noting(options.progress);
  try {
    return await withSharedWork(config, { ...options, progress: noted }, async (shared) => {
      const cells = await runCells(shared, arms, options.seeds);
      await rm(statesFolder(folder), { recursive: true, force: true });
      const baselines = await readOrMakeBaselines(shared, folder);
      const comparison = {
        name: config.name,
        task: task.name,
        split: "test" as const,
        arms: summariseArms(cells, "test"),
        baselines,
        remarks: remarksOf(cells),
        report: undefined,
      };
      const report = await writeComparisonReport(folder, config, comparison, cells, noted.notes);
      const result: Comparison = { ...comparison, report };
      await writeFileAtomic(join(folder, "comparison.json"), `${JSON.stringify(result, null, 2)}\n`);
      return result;
    });
  } finally {
    await release();
  }
}

/** All arms, checked before any of them runs. */
function readArms(config: RunConfig, { arms, controls }: CompareOptions): readonly CheckedArm[] {
  const names = arms.flatMap((name) =>
    controls && !name.includes("@") ? [name, ...controlsOf(config, name)] : [name],
  );
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined)
    throw new InputError({
      code: "compare.arms",
      at: AT,
      problem: `"${doubled}" is named twice`,
      fix: "Name each arm once",
    });
  return names.map((name) => readArm(config, name, AT));
}

function controlsOf(config: RunConfig, name: string): readonly string[] {
  return Object.keys(fusionControls)
    .map((control) => `${name}@${control}`)
    .filter((arm) => {
      try {
        return readArm(config, arm, AT) !== undefined;
      } catch (error) {
        if (error instanceof InputError && error.code === "fusion.control.idle") return false;
        throw error;
      }
    });
}

async function runCells(
  shared: SharedWork,
  arms: readonly CheckedArm[],
  seeds: number,
): Promise<readonly FinishedCell[]> {
  const { config, progress } = shared;
  const cells: FinishedCell[] = [];
  for (let seed = config.seed; seed < config.seed + seeds; seed++) {
    for (const arm of arms) {
      const folder = cellFolder(config, arm.name, seed);
      const identity = await cellIdentity(shared, arm, seed);
      await prepareCellFolder(folder, identity, "start-again");
      const finished = await readFinishedCell(folder, identity);
      progress.note(
        finished === undefined ? `— ${arm.name}, seed ${seed}` : `— ${arm.name}, seed ${seed}: done before, kept`,
      );
      assertGoing(shared.signal);
      const scratch = comparisonFolder(config);
      cells.push(finished ?? (await runCell({ shared, arm, seed, folder, identity, resume: true, scratch })));
    }
  }
  return cells;
}

/** What the remarks read of an embedding's metrics. */
interface VectorMetrics {
  readonly probe?: { readonly accuracy: number; readonly majority: number };
  readonly "link-prediction"?: { readonly test: { readonly mrr: number } };
}

function remarksOf(cells: readonly FinishedCell[]): readonly string[] {
  const embedding = cells.find((cell) => cell.embedding !== undefined)?.embedding;
  if (embedding === undefined) return [];
  const { probe, "link-prediction": ranking } = embedding as VectorMetrics;
  const mrr = ranking?.test.mrr;
  const parts = [
    ...(mrr === undefined ? [] : [`filtered MRR ${mrr.toFixed(3)} on held-out triples`]),
    ...(probe === undefined
      ? []
      : [
          `a linear probe reads the type of ${(100 * probe.accuracy).toFixed(1)} % of the entities (largest class ${(100 * probe.majority).toFixed(1)} %)`,
        ]),
  ];
  return parts.length === 0 ? [] : [`Entity vectors: ${parts.join("; ")}.`];
}
