import {
  type ArmSummary,
  type Comparison,
  count,
  type Examination,
  headlineMetrics,
  type ListedDefinition,
  type RunOutcome,
  shownScore,
  stagesOf,
} from "@kgraft/pipeline";
import Table from "cli-table3";

/** The comparison in a terminal as a framed table; elsewhere plain lines, one an arm, its name first. */
export function comparisonTable(comparison: Comparison, framed: boolean): string {
  const stages = stagesOf(comparison.arms);
  const headlines = headlineMetrics(comparison.arms);
  const metrics = headlines.map(([metric]) => metric);
  const columns = [
    "strategy",
    ...headlines.map(([, head]) => head),
    ...stages.map((stage) => `${stage} s`),
    "parameters",
    "backend",
  ];
  const rows = comparison.arms.map((arm) => armRow(arm, metrics, stages));
  for (const { name, scores } of comparison.baselines) {
    rows.push([
      `(${name})`,
      ...metrics.map((metric) => (scores[metric] === undefined ? "" : shownScore(metric, { mean: scores[metric] }))),
      ...stages.map(() => ""),
      "",
      "",
    ]);
  }
  const seeds = comparison.arms[0]?.seeds.length ?? 0;
  const title = `${comparison.name}: ${comparison.task}, ${comparison.split} split, ${seeds === 1 ? "one seed" : `mean ± deviation of ${seeds} seeds`}`;
  const notes = [...comparison.remarks, ...(comparison.report === undefined ? [] : [`Report: ${comparison.report}`])];
  return [title, framed ? frame(columns, rows) : plainLines(columns, rows), ...notes].join("\n");
}

function armRow(arm: ArmSummary, metrics: readonly string[], stages: readonly string[]): string[] {
  return [
    arm.arm,
    ...metrics.map((metric) => shownScore(metric, arm.scores[metric] ?? { mean: Number.NaN })),
    ...stages.map((stage) => arm.seconds[stage]?.toFixed(0) ?? ""),
    count(arm.parameters.total),
    arm.backend,
  ];
}

/** Scores of one run. */
export function runTable({ metrics, folder }: RunOutcome): string {
  return `${scoreTable(metrics)}\n${folder}`;
}

/** Nested scores as aligned lines: `entity-typing test looseMicroF1  0.4663`. */
export function scoreTable(scores: unknown): string {
  const lines: [string, string][] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
    else
      lines.push([
        path.join(" "),
        typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value),
      ]);
  };
  walk(scores, []);
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

/** What is loaded: name, package, summary, paper and options with their defaults. */
export function listing(kinds: Readonly<Record<string, readonly ListedDefinition[]>>): string {
  return Object.entries(kinds)
    .map(([kind, definitions]) => [`${kind}:`, ...definitions.map(definitionText)].join("\n"))
    .join("\n\n");
}

function definitionText({ name, package: source, summary, paper, options }: ListedDefinition): string {
  const lines = [`  ${name}  (${source})`, `    ${summary}`];
  if (paper !== undefined) lines.push(`    ${paper.authors}: ${paper.title}. ${paper.venue}`);
  const width = Math.max(0, ...options.map((option) => option.name.length));
  for (const option of options) {
    const value = option.default === undefined ? "" : ` = ${JSON.stringify(option.default)}`;
    lines.push(`    ${option.name.padEnd(width)}  ${option.description ?? option.type}${value}`);
  }
  return lines.join("\n");
}

/** The doctor's findings, each with the fix for what is missing. */
export function examination({ facts, fixes }: Examination): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...lines, ...fixes.map((fix) => `-> ${fix}`)].join("\n");
}

function frame(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...columns],
    colAligns: columns.map((_, index) => (index === 0 ? "left" : "right")),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function plainLines(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[index] as number)))
      .join("  ")
      .trimEnd();
  return [columns, ...rows].map(line).join("\n");
}
