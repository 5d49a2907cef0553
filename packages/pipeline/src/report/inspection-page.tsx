import type { InspectedText } from "../inspected-text.ts";
import { matrixPicture } from "./matrix-picture.ts";
import { page, type ReportTable, Table } from "./page.tsx";
import { treePicture } from "./tree-picture.ts";

/** Renders an inspection as one self-contained HTML page with pictures. */
export function inspectionPage(seen: InspectedText, labels: ReadonlyMap<string, string>, title: string): string {
  const tables = [
    mentionTable(seen, labels),
    tripleTable(seen, labels),
    entityTable(seen, labels),
    ...scoreTables(seen),
  ];
  return page(
    title,
    <>
      <p>{marked(seen, labels)}</p>
      {seen.branches !== undefined && (
        <>
          <h2>Sentence tree</h2>
          <p>The text with its branches; under each piece stands its position.</p>
          <Picture svg={treePicture({ ...seen, branches: seen.branches })} />
        </>
      )}
      {seen.visible !== undefined && (
        <>
          <h2>Visible matrix</h2>
          <p>A filled cell: the piece of the row sees that of the column.</p>
          <Picture svg={matrixPicture(seen.tokens, seen.visible, seen.branches)} />
        </>
      )}
      {tables
        .filter(({ rows }) => rows.length > 0)
        .map((table) => (
          <Table key={table.caption} {...table} />
        ))}
    </>,
  );
}

function Picture({ svg }: { readonly svg: string }) {
  return <div class="scroll" dangerouslySetInnerHTML={{ __html: svg }} />;
}

/** The text with its mentions marked. */
function marked({ text, mentions }: InspectedText, labels: ReadonlyMap<string, string>) {
  const points = [...text];
  const parts: unknown[] = [];
  let last = 0;
  for (const { start, end, entity, surface } of mentions) {
    parts.push(points.slice(last, start).join(""));
    parts.push(<mark title={`${labels.get(entity) ?? entity} (${entity})`}>{surface}</mark>);
    last = end;
  }
  return [...parts, points.slice(last).join("")] as string[];
}

const shown = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(3));

/** What people call an entity, with its id. */
const called = (id: string, labels: ReadonlyMap<string, string>): string => {
  const label = labels.get(id) ?? id;
  return label === id ? id : `${label} (${id})`;
};

function mentionTable({ mentions }: InspectedText, labels: ReadonlyMap<string, string>): ReportTable {
  return {
    caption: "Mentions",
    columns: ["mention", "linked to", "score", "other candidates"],
    rows: mentions.map(({ start, surface, entity, score, candidates }) => [
      `${surface} (${start})`,
      called(entity, labels),
      shown(score),
      candidates
        .filter((candidate) => candidate.entity !== entity)
        .map((candidate) => `${called(candidate.entity, labels)} ${shown(candidate.score)}`)
        .join("; "),
    ]),
  };
}

function tripleTable({ triples, mentions }: InspectedText, labels: ReadonlyMap<string, string>): ReportTable {
  return {
    caption: "Triples put in",
    columns: ["triple", "head", "relation", "tail", "for the mention"],
    rows: triples.map(({ head, relation, tail, mention }, index) => [
      String(index),
      called(head, labels),
      labels.get(relation) ?? relation,
      called(tail, labels),
      mentions[mention]?.surface ?? "",
    ]),
  };
}

function entityTable({ tokens, entities = [] }: InspectedText, labels: ReadonlyMap<string, string>): ReportTable {
  return {
    caption: "Entities in the entity stream",
    columns: ["piece", "token", "entity"],
    rows: entities.flatMap((entity, piece) =>
      entity === null ? [] : [[String(piece), tokens[piece] as string, called(entity, labels)]],
    ),
  };
}

/** The likeliest labels, and what they are without the triple that was taken away. */
function scoreTables({ prediction, without }: InspectedText): readonly ReportTable[] {
  const scores = Object.entries(prediction?.scores ?? {});
  if (scores.length === 0) return [];
  return [
    {
      caption: `Predicted: ${prediction?.labels.join(", ") || "nothing"}`,
      columns: ["label", "score", ...(without === undefined ? [] : [`without triple ${without.triple}`])],
      rows: scores
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, 10)
        .map(([label, score]) => [
          label,
          shown(score),
          ...(without === undefined ? [] : [shown(without.prediction.scores?.[label])]),
        ]),
    },
  ];
}
