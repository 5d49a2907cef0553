import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@kgraft/runtime";
import type { FinishedCell } from "../cell-folder.ts";
import { count, shownScore } from "../comparison-table.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { ReportTable } from "./page.tsx";
import { type ReportChart, reportPage } from "./report-page.tsx";
import { writeTensorboardEvents } from "./tensorboard-events.ts";

/** Writes TensorBoard events and `report.html` of one run into its folder, as its config says. */
export async function writeRunReport(
  folder: string,
  config: RunConfig,
  cell: FinishedCell,
  notes: readonly string[],
): Promise<void> {
  if (config.report.tensorboard) await writeCellEvents(folder, cell);
  if (!config.report.html) return;
  const page = await reportPage({
    title: `${config.name}: ${cell.arm}`,
    summary: `Seed ${cell.seed}, backend ${cell.backend}, ${count(cell.parameters.total)} parameters.`,
    tables: [...scoreTables(cell), secondsTable(cell), ...embeddingTables([cell])],
    charts: cell.curves.map(
      ({ name, points }): ReportChart => ({ title: name, axis: "loss", series: [{ name: cell.arm, points }] }),
    ),
    notes: [...notes, ...countNotes(cell)],
    config: config.written({ folder }),
  });
  await writeFileAtomic(join(folder, "report.html"), page);
}

/** Writes a cell's curves as one event file, unless that was done before. */
export async function writeCellEvents(folder: string, { curves }: FinishedCell): Promise<void> {
  const names = await readdir(folder);
  if (names.some((name) => name.startsWith("events.out.tfevents."))) return;
  await writeTensorboardEvents(folder, curves, Date.now() / 1000);
}

function scoreTables({ scores, task }: FinishedCell): readonly ReportTable[] {
  const splits = Object.keys(scores);
  if (splits.length === 0) return [];
  const metrics = Object.keys(scores[splits[0] as string] ?? {});
  return [
    {
      caption: `${task}: scores in percent`,
      columns: ["metric", ...splits],
      rows: metrics.map((metric) => [
        metric,
        ...splits.map((split) => shownScore(metric, { mean: scores[split]?.[metric] ?? Number.NaN })),
      ]),
    },
  ];
}

function secondsTable({ seconds }: FinishedCell): ReportTable {
  return {
    caption: "Seconds by stage",
    columns: ["stage", "seconds"],
    rows: Object.entries(seconds).map(([stage, value]) => [stage, value.toFixed(1)]),
  };
}

/** What the entity vectors were measured to know. */
export function embeddingTables(cells: readonly FinishedCell[]): readonly ReportTable[] {
  const metrics = cells.find(({ embedding }) => embedding !== undefined)?.embedding;
  if (metrics === undefined) return [];
  const rows: string[][] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, path === "" ? key : `${path} ${key}`);
    else if (typeof value === "number") rows.push([path, Number.isInteger(value) ? String(value) : value.toFixed(4)]);
    else if (typeof value === "boolean" || typeof value === "string") rows.push([path, String(value)]);
  };
  walk(metrics, "");
  return [{ caption: "Entity vectors", columns: ["measured", "value"], rows }];
}

/** What happened to mentions and pieces, where anything did. */
export function countNotes({ arm, counts }: FinishedCell): readonly string[] {
  const parts = Object.entries(counts)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? [] : [`${arm}: ${parts.join(", ")}`];
}
