import type { DescribedGraph } from "@kgraft/pipeline";

/** Lines of a long list that a terminal is shown; `--json` has them all. */
const SHOWN = 20;

/** A graph in numbers, as aligned lines under headings. */
export function statsTable(stats: DescribedGraph): string {
  const { degree } = stats;
  return [
    stats.source,
    lines([
      ["entities", stats.entities],
      ["relations", stats.relations],
      ["triples", stats.triples],
      ["duplicate triples", stats.duplicates],
      ["loops", stats.loops],
      ["isolated entities", stats.isolated],
      ["without a label", stats.missingLabels],
      ["without a description", stats.missingDescriptions],
      ["without a type", stats.untyped],
      ["degree, mean / median / largest", `${degree.mean.toFixed(2)} / ${degree.median} / ${degree.max}`],
    ]),
    heading("entities by degree"),
    lines(
      stats.degreeClasses.map(({ from, to, entities }) => [from === to ? `${from}` : `${from} to ${to}`, entities]),
    ),
    heading("triples by relation"),
    lines(Object.entries(stats.triplesByRelation)),
    heading("entities by type"),
    lines(Object.entries(stats.types)),
    heading("largest hubs, by degree"),
    lines(stats.hubs.map(({ id, label, degree: own }) => [label === id ? id : `${label} (${id})`, own])),
  ].join("\n");
}

function heading(text: string): string {
  return `\n${text}`;
}

function lines(rows: readonly (readonly [name: string, value: number | string])[]): string {
  if (rows.length === 0) return "  none";
  const shown = rows.slice(0, SHOWN);
  const width = Math.max(...shown.map(([name]) => name.length));
  const more = rows.length > SHOWN ? [`  … ${rows.length - SHOWN} more, with --json`] : [];
  return [...shown.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ...more].join("\n");
}
