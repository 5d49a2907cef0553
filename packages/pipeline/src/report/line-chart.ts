/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
}

/** How a chart is drawn. */
export interface ChartLook {
  /** What the vertical axis counts. */
  readonly axis: string;
  /** What the picture shows, for people who do not see it. */
  readonly label: string;
  /** The colour of a series by its name. */
  readonly colours: ReadonlyMap<string, string>;
}

/** Draws a line chart as an SVG text, with no script. */
export async function lineChart(series: readonly Series[], { axis, label, colours }: ChartLook): Promise<string> {
  const { lineY, plot } = await import("@observablehq/plot");
  const { parseHTML } = await import("linkedom");
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const rows = series.flatMap(({ name, points }) => points.map(({ step, value }) => ({ name, step, value })));
  const chart = plot({
    document: document as unknown as Document,
    width: 520,
    height: 260,
    marginLeft: 52,
    ariaLabel: label,
    x: { label: "step", grid: false },
    y: { label: axis, grid: true, zero: false },
    color: { domain: [...colours.keys()], range: [...colours.values()] },
    marks: [lineY(rows, { x: "step", y: "value", stroke: "name", strokeWidth: 1.8 })],
  });
  chart.setAttribute("role", "img");
  chart.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return chart.outerHTML;
}

const palette = [
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

/** A colour for each name, the same in every chart of a page. */
export function coloursOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(names)].map((name, index) => [name, palette[index % palette.length] as string]));
}

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
