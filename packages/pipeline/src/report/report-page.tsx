import { coloursOf, lineChart, type Series, smoothed } from "./line-chart.ts";
import { page, type ReportTable, Table } from "./page.tsx";

/** Curves that share their axes. */
export interface ReportChart {
  readonly title: string;
  readonly axis: string;
  readonly series: readonly Series[];
}

/** What a report shows. */
export interface ReportContent {
  readonly title: string;
  readonly summary: string;
  readonly tables: readonly ReportTable[];
  readonly charts: readonly ReportChart[];
  /** Remarks of the run: what was skipped, chosen or found. */
  readonly notes: readonly string[];
  /** The resolved config as YAML. */
  readonly config: string;
}

type Colours = ReadonlyMap<string, string>;

/** A chart and its picture, an SVG text. */
interface DrawnChart extends ReportChart {
  readonly svg: string;
}

async function drawn(chart: ReportChart, colours: Colours): Promise<DrawnChart> {
  const { title, axis, series } = chart;
  const label = `${title}: ${axis} over steps, one line each for ${series.map(({ name }) => name).join(", ")}`;
  const smooth = series.map(({ name, points }) => ({ name, points: smoothed(points) }));
  return { ...chart, svg: await lineChart(smooth, { axis, label, colours }) };
}

function Chart({ title, series, colours, svg }: DrawnChart & { readonly colours: Colours }) {
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <ul class="legend">
        {series.map(({ name }) => (
          <li key={name}>
            <i style={{ background: colours.get(name) }} />
            {name}
          </li>
        ))}
      </ul>
      <div dangerouslySetInnerHTML={{ __html: svg }} />
    </figure>
  );
}

interface DrawnContent extends Omit<ReportContent, "title" | "charts"> {
  readonly charts: readonly DrawnChart[];
  readonly colours: Colours;
}

function Content({ summary, tables, charts, colours, notes, config }: DrawnContent) {
  return (
    <>
      <p>{summary}</p>
      {tables.map((table) => (
        <Table key={table.caption} {...table} />
      ))}
      {charts.length > 0 && <h2>Curves</h2>}
      <div class="charts">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} colours={colours} />
        ))}
      </div>
      {notes.length > 0 && <h2>Remarks of the run</h2>}
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <details>
        <summary>Config</summary>
        <pre>{config}</pre>
      </details>
    </>
  );
}

/** Renders a report as one self-contained HTML file: no script, no outside resource. */
export async function reportPage({ title, ...content }: ReportContent): Promise<string> {
  const colours = coloursOf(content.charts.flatMap(({ series }) => series.map(({ name }) => name)));
  const charts = await Promise.all(content.charts.map((chart) => drawn(chart, colours)));
  return page(title, <Content {...content} charts={charts} colours={colours} />);
}
