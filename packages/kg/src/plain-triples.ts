import { InputError, type Progress, readLines } from "@kgraft/runtime";
import { BrokenLines } from "./broken-lines.ts";
import { CompactStore } from "./compact/compact-store.ts";
import type { Graph } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { parseTripleLine } from "./triple-lines.ts";

/** Words of ids: the first is the label, the others are aliases. */
export type Words = ReadonlyMap<string, readonly string[]>;

/** Files of plain triples and what is known about their ids. */
export interface PlainTriples {
  readonly source: string;
  readonly paths: readonly string[];
  readonly words?: Words | undefined;
  readonly types?: ReadonlyMap<string, readonly string[]> | undefined;
  readonly relations?: ReadonlyMap<string, string> | undefined;
  readonly onError: "stop" | "skip";
  readonly progress: Progress;
}

/** Builds a graph of triples; entities are what occurs, in the order of occurrence. Ids stand as they are. */
export async function readPlainTriples(given: PlainTriples): Promise<{ graph: Graph; labelled: number }> {
  const { source, paths, words, types, relations, progress } = given;
  const builder = new GraphBuilder(source, new CompactStore("source"));
  let labelled = 0;
  const addEntity = (id: string, at: string) => {
    if (builder.hasEntity(id)) return;
    const [label = id, ...aliases] = words?.get(id) ?? [];
    if (words?.has(id)) labelled++;
    builder.addEntity({ id, label, aliases, types: types?.get(id) ?? [], properties: {} }, at);
  };
  const bar = progress.bar(source, 0);
  let triples = 0;
  const known = new Set<string>();
  for (const path of paths) {
    const broken = new BrokenLines(given.onError);
    for await (const { text, at } of readLines(path)) {
      if (text === "") continue;
      const triple = broken.try(() => parseTripleLine(text, at, { escaped: false }));
      if (triple === undefined) continue;
      const { head, relation, tail } = triple;
      addEntity(head, at);
      addEntity(tail, at);
      const label = relations?.get(relation);
      if (label !== undefined && !known.has(relation)) builder.addRelation({ id: relation, label }, at);
      known.add(relation);
      builder.addTriple(head, relation, tail, at);
      if (++triples % 10_000 === 0) bar.update(triples);
    }
    broken.note(progress, path);
  }
  bar.end();
  return { graph: builder.finish(), labelled };
}

/** Reads lines `id TAB label TAB alias …`. @throws InputError `kg.tsv.labels` */
export async function readWords(path: string): Promise<Words> {
  const labels = new Map<string, readonly string[]>();
  for await (const { text, at } of readLines(path)) {
    if (text === "") continue;
    const [id = "", ...words] = text.split("\t");
    const wrong = (problem: string) =>
      new InputError({
        code: "kg.tsv.labels",
        at,
        problem,
        wanted: "Wanted id, label and perhaps aliases, separated by tabs",
      });
    if (id === "" || words.length === 0 || words.includes("")) throw wrong(`has no id, no label or an empty field`);
    if (labels.has(id)) throw wrong(`gives "${id}" a second time`);
    labels.set(id, words);
  }
  return labels;
}
