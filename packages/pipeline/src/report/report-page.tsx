import { render } from "preact-render-to-string";
import { coloursOf, lineChart, type Series, smoothed } from "./line-chart.ts";

/** A table of text cells; the first column names the row. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

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

const style = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5a6474; --line: #d9dee6; --paper: #fff; --tint: #f5f7fa }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #a3adbb; --line: #38404c; --paper: #14181e; --tint: #1c222a } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem } p { color: var(--soft); max-width: 46rem }
.scroll { overflow-x: auto; margin-top: 1.6rem } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem } th, td { padding: .35rem .9rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left; padding-left: 0 } thead th { border-bottom: 2px solid var(--line); font-weight: 500; color: var(--soft) } tbody th { font-weight: 500 }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2rem 1.5rem } figure { margin: 0; min-width: 0 } figcaption { font-weight: 600 } svg { max-width: 100%; height: auto }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: .2rem 0; color: var(--soft); font-size: .9rem } .legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .35rem }
pre { background: var(--tint); padding: 1rem; overflow-x: auto; font-size: .85rem } details { margin-top: 1rem } summary { cursor: pointer }
`;

function Table({ caption, columns, rows }: ReportTable) {
  return (
    <div class="scroll">
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...cells]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {cells.map((cell, index) => (
                <td key={columns[index + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
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

function Page({ title, summary, tables, charts, notes, config }: ReportContent) {
  const colours = coloursOf(charts.flatMap(({ series }) => series.map(({ name }) => name)));
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>{title}</title>
        <style>{style}</style>
      </head>
      <body>
        <main>
          <h1>{title}</h1>
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
        </main>
      </body>
    </html>
  );
}

/** Renders a report as one self-contained HTML file: no script, no outside resource. */
export function reportPage(content: ReportContent): string {
  return `<!doctype html>${render(<Page {...content} />)}`;
}
