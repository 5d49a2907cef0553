import type { ComponentChildren } from "preact";
import { render } from "preact-render-to-string";

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
.chip { border-radius: 4px; background: var(--tint); padding: 0 .3rem }
mark { background: #efb11855; color: inherit; border-radius: 3px; padding: 0 .15rem } .picture text { fill: var(--ink); font-family: ui-monospace, monospace }
pre { background: var(--tint); padding: 1rem; overflow-x: auto; font-size: .85rem } details { margin-top: 1rem } summary { cursor: pointer }
`;

/** Renders a page as one self-contained HTML file: no script, no outside resource. */
export function page(title: string, children: ComponentChildren): string {
  const whole = (
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
          {children}
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${render(whole)}`;
}

/** A table of text cells; the first column names the row. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Draws a table. */
export function Table({ caption, columns, rows }: ReportTable) {
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
