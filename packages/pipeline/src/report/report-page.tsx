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

function Chart({ title, axis, series, colours }: ReportChart & { readonly colours: ReadonlyMap<string, string> }) {
  const label = `${title}: ${axis} over steps, one line each for ${series.map(({ name }) => name).join(", ")}`;
  const svg = lineChart(
    series.map(({ name, points }) => ({ name, points: smoothed(points) })),
    { axis, label, colours },
  );
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

function Content({ summary, tables, charts, notes, config }: Omit<ReportContent, "title">) {
  const colours = coloursOf(charts.flatMap(({ series }) => series.map(({ name }) => name)));
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
export function reportPage({ title, ...content }: ReportContent): string {
  return page(title, <Content {...content} />);
}
