import { InputError, suggestion } from "@kgraft/runtime";
import type { Entity, Graph } from "../graph.ts";
import { nodeKey } from "../graphology-graph.ts";
import { writeGraphFolder } from "../write-folder.ts";
import { ntriplesText } from "./ntriples-text.ts";
import { tabbed, writeText } from "./write-text.ts";

type Writer = (graph: Graph, path: string) => Promise<void>;

/** What a graph can be written as; each is read by the adapter of that name (`nt` by `rdf`). */
const writers: Readonly<Record<string, Writer>> = {
  folder: writeGraphFolder,
  tsv: writeTsv,
  spo: (graph, path) => writeText(path, spoText(graph)),
  nt: (graph, path) => writeText(path, ntriplesText(graph)),
  graphology: (graph, path) => writeText(path, graphologyText(graph)),
};

/** Names of the formats that {@link writeGraph} writes. */
export const graphFormats: readonly string[] = Object.keys(writers);

/**
 * Writes any graph, streamed, in a format; files are gzip where the name ends in `.gz`.
 *
 * `folder`, `graphology` and `nt` keep everything. `tsv` keeps ids, and labels and aliases in a second file beside
 * (`g.tsv` and `g.labels.tsv`); `spo` keeps words alone: labels in place of ids. In both, entities without a triple are left out.
 *
 * @throws InputError `kg.export.format`, `kg.export.field` where an id or label has a tab or line end and the format cannot hold it
 */
export async function writeGraph(graph: Graph, format: string, path: string): Promise<void> {
  const write = Object.hasOwn(writers, format) ? writers[format] : undefined;
  if (write === undefined)
    throw new InputError({
      code: "kg.export.format",
      at: "kg.writeGraph",
      problem: `no format "${format}"`,
      wanted: `Wanted ${graphFormats.join(", ")}`,
      fix: suggestion(format, graphFormats),
    });
  await write(graph, path);
}

/** Where the labels of a `tsv` export stand. */
export function labelsPath(path: string): string {
  return path.replace(/(\.tsv|\.txt)?(\.gz)?$/, (_, ending = "", gzip = "") => `.labels${ending || ".tsv"}${gzip}`);
}

async function writeTsv(graph: Graph, path: string): Promise<void> {
  await writeText(path, tripleText(graph));
  await writeText(labelsPath(path), labelText(graph));
}

async function* tripleText(graph: Graph): AsyncGenerator<string> {
  for await (const { head, relation, tail } of graph.triples()) yield tabbed([head, relation, tail], "tsv");
}

async function* labelText(graph: Graph): AsyncGenerator<string> {
  for await (const { id, label, aliases } of graph.entities())
    if (label !== id || aliases.length > 0)
      yield tabbed([id, label, ...aliases.filter((alias) => alias !== "")], "tsv");
}

async function* spoText(graph: Graph): AsyncGenerator<string> {
  const entities = new Map<string, string>();
  for await (const { id, label } of graph.entities()) if (label !== id) entities.set(id, label);
  const relations = new Map<string, string>();
  for await (const { id, label } of graph.relations()) relations.set(id, label);
  for await (const { head, relation, tail } of graph.triples()) {
    const words = [entities.get(head) ?? head, relations.get(relation) ?? relation, entities.get(tail) ?? tail];
    yield tabbed(words, "spo");
  }
}

/** The JSON of graphology's `graph.export()`, a node or edge at a time. */
async function* graphologyText(graph: Graph): AsyncGenerator<string> {
  yield `{"options":{"type":"directed","multi":true,"allowSelfLoops":true},\n"attributes":{"relations":[`;
  yield* separated(graph.relations(), (relation) => relation);
  yield `]},\n"nodes":[`;
  yield* separated(graph.entities(), nodeJson);
  yield `],\n"edges":[`;
  let key = 0;
  yield* separated(graph.triples(), ({ head, relation, tail }) => ({
    key: String(key++),
    source: nodeKey(head),
    target: nodeKey(tail),
    attributes: { relation },
  }));
  yield "]}\n";
}

function nodeJson({ id, ...attributes }: Entity): object {
  return { key: nodeKey(id), attributes };
}

async function* separated<Item>(items: AsyncIterable<Item>, json: (item: Item) => object): AsyncGenerator<string> {
  let before = "\n";
  for await (const item of items) {
    yield before + JSON.stringify(json(item));
    before = ",\n";
  }
}
