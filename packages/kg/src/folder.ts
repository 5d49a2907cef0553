import { join } from "node:path";
import { pathOption, readJsonLines } from "@kgraft/runtime";
import { z } from "zod";
import { CompactStore } from "./compact/compact-store.ts";
import { isThere, plainOrGzip } from "./data-file.ts";
import type { Entity } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { RecordReader } from "./record-reader.ts";
import { sourceName } from "./source-name.ts";
import { readTripleLines } from "./triple-lines.ts";

/** The files of a graph folder; `relations` may be absent. */
export const folderFiles = {
  entities: "entities.jsonl",
  relations: "relations.jsonl",
  triples: "triples.tsv",
} as const;

const options = z.strictObject({
  path: z
    .string()
    .meta(pathOption)
    .describe("folder with entities.jsonl, triples.tsv and, if you like, relations.jsonl"),
});

/** Options of {@link folder}. */
export type FolderOptions = z.infer<typeof options>;

/**
 * A graph in three text files, each line checked: `entities.jsonl` (`id`, `label`, and optionally `aliases`,
 * `description`, `types`, `properties`), `relations.jsonl` (`id`, `label`; where the file is there, it must name every
 * relation) and `triples.tsv` (ids, with `\t`, `\n`, `\r`, `\\` for what cannot stand in a line). Each may
 * be gzip, with `.gz` behind its name.
 */
export const folder: GraphDefinition<FolderOptions> = {
  name: "folder",
  summary: "A folder of text files: entities.jsonl, relations.jsonl (optional), triples.tsv.",
  options,
  async create({ path }, { progress }) {
    const builder = new GraphBuilder(sourceName("folder", path), new CompactStore("source", true));
    const bar = progress.bar("graph folder", 0);
    for await (const { value, at, number } of readJsonLines(await plainOrGzip(join(path, folderFiles.entities)))) {
      builder.addEntity(readEntity(value, at), at);
      if (number % 10_000 === 0) bar.update(number, folderFiles.entities);
    }
    await addRelations(builder, await plainOrGzip(join(path, folderFiles.relations)));
    let triples = 0;
    const triplesPath = await plainOrGzip(join(path, folderFiles.triples));
    for await (const { head, relation, tail, at } of readTripleLines(triplesPath, { escaped: true })) {
      builder.addTriple(head, relation, tail, at);
      if (++triples % 10_000 === 0) bar.update(triples, folderFiles.triples);
    }
    bar.end();
    return builder.finish();
  },
};

async function addRelations(builder: GraphBuilder<unknown>, path: string): Promise<void> {
  if (!(await isThere(path))) return;
  for await (const { value, at } of readJsonLines(path)) {
    const record = new RecordReader(value, at).only(["id", "label"]);
    builder.addRelation({ id: record.text("id"), label: record.text("label") }, at);
  }
  builder.closeRelations();
}

function readEntity(value: unknown, at: string): Entity {
  const record = new RecordReader(value, at).only(["id", "label", "aliases", "description", "types", "properties"]);
  const description = record.optionalText("description");
  return {
    id: record.text("id"),
    label: record.text("label"),
    aliases: record.texts("aliases"),
    ...(description === undefined ? {} : { description }),
    types: record.texts("types"),
    properties: record.record("properties"),
  };
}
