import { join } from "node:path";
import { InputError, pathOption, readLines } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import type { LabelledSpan, TextExample } from "@kgraft/text";
import { z } from "zod";
import { firstThere } from "./data-files.ts";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { drawSplits, mostOptions } from "./draw-splits.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("Folder of the tables"),
  table: z.string().min(1).describe("Which: reads TABLE.train.tsv, TABLE.dev.tsv and TABLE.test.tsv, plain or .gz"),
  ...mostOptions,
});

const paper = {
  title: "K-BERT: Enabling Language Representation with Knowledge Graph",
  authors: "Liu, Zhou, Zhao, Wang, Ju, Deng and Wang",
  venue: "AAAI 2020",
  url: "https://arxiv.org/abs/1909.07606",
};

/** Sentences, or pairs, with a class: columns label, text_a and perhaps text_b. */
export const kBertClassification: DatasetDefinition<z.infer<typeof options>> = {
  name: "k-bert-classification",
  summary: "Sentences or pairs with a class, in the tables that K-BERT was evaluated on.",
  paper,
  options,
  create: (given) =>
    readTables(given, (row, id) => {
      const pair = row.columns.text_b;
      return { id, text: row.need("text_a"), ...(pair !== undefined && { pair }), labels: [row.need("label")] };
    }),
};

/** Sentences of characters with begin, inside and outside tags: columns text_a and label, separated by spaces. */
export const kBertNer: DatasetDefinition<z.infer<typeof options>> = {
  name: "k-bert-ner",
  summary: "Character-separated sentences with entity tags, in the tables that K-BERT was evaluated on.",
  paper,
  options,
  create: (given) => readTables(given, taggedSentence),
};

/** A row of a table by its header. */
interface Row {
  readonly columns: Readonly<Record<string, string>>;
  readonly at: string;
  need(column: string): string;
}

async function readTables(
  { path, table, ...most }: z.infer<typeof options>,
  exampleOf: (row: Row, id: string) => TextExample,
): Promise<Splits> {
  const read = async (part: string): Promise<readonly TextExample[]> => {
    const file = join(path, `${table}.${part}.tsv`);
    const examples: TextExample[] = [];
    for await (const row of rowsOf(await firstThere([file, `${file}.gz`])))
      examples.push(exampleOf(row, `${part}-${examples.length + 1}`));
    return examples;
  };
  return drawSplits({ train: await read("train"), validation: await read("dev"), test: await read("test") }, most, 1);
}

async function* rowsOf(path: string): AsyncGenerator<Row> {
  let header: readonly string[] | undefined;
  for await (const { text, at } of readLines(path)) {
    if (text.trim() === "") continue;
    const cells = text.split("\t");
    if (header === undefined) header = cells.map((cell) => cell.trim());
    else yield rowOf(header, cells, at);
  }
}

function rowOf(header: readonly string[], cells: readonly string[], at: string): Row {
  const bad = (problem: string): InputError =>
    new InputError({ code: "dataset.table", at, problem, wanted: `Wanted the columns ${header.join(", ")}` });
  if (cells.length !== header.length) throw bad(`has ${cells.length} columns`);
  const columns = Object.fromEntries(header.map((name, i) => [name, cells[i] as string]));
  return {
    columns,
    at,
    need(column) {
      const cell = columns[column];
      if (cell === undefined) throw bad(`there is no column ${column}`);
      return cell;
    },
  };
}

/** Joins the characters without space, and reads the spans of their tags: `I-` after anything else opens one too. */
function taggedSentence(row: Row, id: string): TextExample {
  const characters = row.need("text_a").trim().split(" ");
  const tags = row.need("label").trim().split(" ");
  if (characters.length !== tags.length)
    throw new InputError({
      code: "dataset.tags",
      at: row.at,
      problem: `has ${characters.length} characters and ${tags.length} tags`,
      wanted: "Wanted a tag for each character",
    });
  const spans: { start: number; end: number; label: string }[] = [];
  let start = 0;
  let open: string | undefined;
  for (const [i, tag] of tags.entries()) {
    const end = start + (characters[i]?.length ?? 0);
    const label = tag === "O" ? undefined : tag.slice(2);
    if (label !== undefined && label === open && tag.startsWith("I-")) (spans.at(-1) as { end: number }).end = end;
    else if (label !== undefined) spans.push({ start, end, label });
    open = label;
    start = end;
  }
  return { id, text: characters.join(""), spans: spans satisfies LabelledSpan[] };
}
