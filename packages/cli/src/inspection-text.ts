import type { InspectedText } from "@kgraft/pipeline";

/** An inspection in plain lines: mentions, triples, pieces with what a strategy gave them, prediction. */
export function inspectionText(seen: InspectedText, labels: ReadonlyMap<string, string>): string {
  const { tokens, positions, branches, entities } = seen;
  const columns = [
    ["piece", tokens.map((_, piece) => String(piece))],
    ["token", tokens],
    ["position", positions?.map(String)],
    ["branch", branches?.map((branch) => (branch === 0 ? "" : String(branch)))],
    ["sees", seen.visible?.map((row) => String(row.reduce((sum, one) => sum + one, 0)))],
    ["entity", entities?.map((entity) => (entity === null ? "" : (labels.get(entity) ?? entity)))],
  ].filter((column): column is [string, readonly string[]] => column[1] !== undefined);
  const sections = [
    [seen.text],
    ["mentions:", ...mentionLines(seen, labels)],
    ["triples:", ...tripleLines(seen, labels)],
    table(columns),
    predictionLines(seen),
  ];
  return `${sections
    .filter((lines) => lines.length > (lines[0]?.endsWith(":") ? 1 : 0))
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function mentionLines({ mentions }: InspectedText, labels: ReadonlyMap<string, string>): string[] {
  return mentions.map(({ start, end, surface, entity, score, candidates }) => {
    const others = candidates.filter((candidate) => candidate.entity !== entity).length;
    const more = others === 0 ? "" : `, of ${others + 1} candidates`;
    return `  ${surface} [${start}, ${end}) is ${labels.get(entity) ?? entity} (${entity}), score ${(score ?? 1).toFixed(3)}${more}`;
  });
}

function tripleLines({ triples, mentions }: InspectedText, labels: ReadonlyMap<string, string>): string[] {
  const called = (id: string): string => labels.get(id) ?? id;
  return triples.map(({ head, relation, tail, mention }, index) => {
    const surface = mentions[mention]?.surface;
    return `  ${index}  ${called(head)} ${called(relation)} ${called(tail)}${surface === undefined ? "" : `, at "${surface}"`}`;
  });
}

function table(columns: readonly [string, readonly string[]][]): string[] {
  const widths = columns.map(([name, cells]) => Math.max(name.length, ...cells.map(({ length }) => length)));
  const rows = [columns.map(([name]) => name)];
  for (const piece of columns[0]?.[1].keys() ?? []) rows.push(columns.map(([, cells]) => cells[piece] as string));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join("  ")
      .trimEnd(),
  );
}

function predictionLines({ prediction, without }: InspectedText): string[] {
  if (prediction === undefined) return [];
  const said = ({ labels, scores = {} }: NonNullable<InspectedText["prediction"]>): string => {
    const likeliest = Object.entries(scores)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 5)
      .map(([label, score]) => `${label} ${score.toFixed(3)}`);
    return `${labels.join(", ") || "nothing"}${likeliest.length === 0 ? "" : ` (${likeliest.join(", ")})`}`;
  };
  return [
    `predicted: ${said(prediction)}`,
    ...(without === undefined ? [] : [`without triple ${without.triple}: ${said(without.prediction)}`]),
  ];
}
