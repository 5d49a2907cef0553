import { join } from "node:path";
import { writeFileAtomic } from "@kgraft/runtime";
import type { FinishedCell } from "../cell-folder.ts";
import type { Comparison } from "../compare.ts";
import { type ArmSummary, count, headlineMetrics, type Spread, shownScore, stagesOf } from "../comparison-table.ts";
import type { RunConfig } from "../config/run-config.ts";
import { cellFolder } from "../run-folders.ts";
import type { ReportTable } from "./page.tsx";
import { type ReportChart, reportPage } from "./report-page.tsx";
import { countNotes, embeddingTables, writeCellEvents } from "./run-report.ts";

/**
 * Writes `report.html` of a comparison and TensorBoard events of each cell, as its config says.
 *
 * @returns the report's path; undefined where the config wants none
 */
export async function writeComparisonReport(
  folder: string,
  config: RunConfig,
  comparison: Comparison,
  cells: readonly FinishedCell[],
  notes: readonly string[],
): Promise<string | undefined> {
  if (config.report.tensorboard)
    for (const cell of cells) await writeCellEvents(cellFolder(config, cell.arm, cell.seed), cell);
  if (!config.report.html) return undefined;
  const first = cells[0] as FinishedCell;
  const seeds = comparison.arms[0]?.seeds.length ?? 0;
  const page = await reportPage({
    title: `${comparison.name}: which knowledge helps?`,
    summary: `${comparison.task} on the ${comparison.split} split. Same encoder, text, budget and seeds for every arm; ${seeds === 1 ? `seed ${first.seed}` : `mean ± deviation of ${seeds} seeds`}; backend ${first.backend}.`,
    tables: [armTable(comparison), metricTable(comparison), secondsTable(comparison.arms), ...embeddingTables(cells)],
    charts: charts(cells.filter(({ seed }) => seed === first.seed)),
    notes: [
      ...notes.filter((note) => !note.startsWith("—")),
      ...cells.filter(({ seed }) => seed === first.seed).flatMap(countNotes),
    ],
    config: config.written({ folder }),
  });
  const path = join(folder, "report.html");
  await writeFileAtomic(path, page);
  return path;
}

function armTable({ arms, baselines }: Comparison): ReportTable {
  const metrics = headlineMetrics(arms);
  return {
    caption: "Scores in percent",
    columns: ["strategy", ...metrics.map(([, head]) => head), "parameters"],
    rows: [
      ...arms.map(({ arm, scores, parameters }) => [
        arm,
        ...metrics.map(([metric]) => shown(metric, scores[metric])),
        count(parameters.total),
      ]),
      ...baselines.map(({ name, scores }) => [
        `(${name})`,
        ...metrics.map(([metric]) =>
          shown(metric, scores[metric] === undefined ? undefined : { mean: scores[metric] }),
        ),
        "",
      ]),
    ],
  };
}

/** Every metric, one a row, one column an arm. */
function metricTable({ arms }: Comparison): ReportTable {
  const metrics = [...new Set(arms.flatMap(({ scores }) => Object.keys(scores)))];
  return {
    caption: "Every metric, in percent",
    columns: ["metric", ...arms.map(({ arm }) => arm)],
    rows: metrics.map((metric) => [metric, ...arms.map(({ scores }) => shown(metric, scores[metric]))]),
  };
}

function shown(metric: string, spread: Spread | undefined): string {
  return spread === undefined ? "" : shownScore(metric, spread);
}

function secondsTable(arms: readonly ArmSummary[]): ReportTable {
  const stages = stagesOf(arms);
  return {
    caption: "Seconds by stage, means over seeds",
    columns: ["strategy", ...stages],
    rows: arms.map(({ arm, seconds }) => [arm, ...stages.map((stage) => seconds[stage]?.toFixed(1) ?? "")]),
  };
}

/** One chart a curve, one line an arm. */
function charts(cells: readonly FinishedCell[]): readonly ReportChart[] {
  const names = [...new Set(cells.flatMap(({ curves }) => curves.map(({ name }) => name)))];
  return names.map((title) => ({
    title,
    axis: "loss",
    series: cells.flatMap(({ arm, curves }) => {
      const curve = curves.find(({ name }) => name === title);
      return curve === undefined ? [] : [{ name: arm, points: curve.points }];
    }),
  }));
}
