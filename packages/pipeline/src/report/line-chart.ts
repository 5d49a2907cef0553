import { lineY, plot, ruleY } from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/**
 * Draws a line chart as an SVG text, with no script.
 *
 * @param label what the picture shows, for people who do not see it
 */
export function lineChart(series: readonly Series[], axis: string, label: string): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const rows = series.flatMap(({ name, points }) => points.map(({ step, value }) => ({ name, step, value })));
  const chart = plot({
    document: document as unknown as Document,
    width: 620,
    height: 280,
    marginLeft: 52,
    ariaLabel: label,
    x: { label: "step", grid: false },
    y: { label: axis, grid: true, zero: false },
    color: { domain: series.map(({ name }) => name), scheme: "Observable10" },
    marks: [ruleY([]), lineY(rows, { x: "step", y: "value", stroke: "name", strokeWidth: 1.8 })],
  });
  chart.setAttribute("role", "img");
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return chart.outerHTML;
}

/** The colours of the series, in order, for a legend in HTML. */
export const seriesColours = [
  "#4269d0",
  "#efb118",
  "#ff725c",
  "#6cc5b0",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#97bbf5",
  "#9c6b4e",
  "#9498a0",
] as const;

/** Means over windows of equal length, so that a noisy curve can be read. */
export function smoothed(points: Series["points"], most = 60): Series["points"] {
  const window = Math.ceil(points.length / most);
  if (window <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / window) }, (_, i) => {
    const part = points.slice(i * window, (i + 1) * window);
    const last = part.at(-1) as Series["points"][number];
    return { step: last.step, value: part.reduce((sum, { value }) => sum + value, 0) / part.length };
  });
}
