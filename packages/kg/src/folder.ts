import { join } from "node:path";
import { type Line, parseJson, pathOption, readLines } from "@kgraft/runtime";
import { z } from "zod";
import { BrokenLines, onError } from "./broken-lines.ts";
import { CompactStore } from "./compact/compact-store.ts";
import { isThere, plainOrGzip } from "./data-file.ts";
import type { Entity, Relation } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { RecordReader } from "./record-reader.ts";
import { sourceName } from "./source-name.ts";
import { parseTripleLine } from "./triple-lines.ts";

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
  onError,
});

/** Options of {@link folder}. */
export type FolderOptions = z.input<typeof options>;

/**
 * A graph in three text files, each line checked: `entities.jsonl` (`id`, `label`, and optionally `aliases`,
 * `description`, `types`, `properties`), `relations.jsonl` (`id`, `label`; where the file is there, it must name every
 * relation) and `triples.tsv` (ids, with `\t`, `\n`, `\r`, `\\` for what cannot stand in a line). Each may
 * be gzip, with `.gz` behind its name. With `onError: skip` a triple of a broken entity is broken, too.
 */
export const folder: GraphDefinition<FolderOptions> = {
  name: "folder",
  summary: "A folder of text files: entities.jsonl, relations.jsonl (optional), triples.tsv.",
  options,
  async create({ path, onError }, { progress }) {
    const builder = new GraphBuilder(sourceName("folder", path), new CompactStore("source", true));
    const bar = progress.bar("graph folder", 0);
    const eachLine = async (name: string, add: (line: Line) => void): Promise<void> => {
      const file = await plainOrGzip(join(path, name));
      const broken = new BrokenLines(onError);
      for await (const line of readLines(file)) {
        const isEmpty = line.text === "" || (name.endsWith(".jsonl") && line.text.trim() === "");
        if (!isEmpty) broken.try(() => add(line));
        if (line.number % 10_000 === 0) bar.update(line.number, name);
      }
      broken.note(progress, file);
    };
    await eachLine(folderFiles.entities, ({ text, at }) => builder.addEntity(readEntity(parseJson(text, at), at), at));
    if (await isThere(await plainOrGzip(join(path, folderFiles.relations)))) {
      await eachLine(folderFiles.relations, ({ text, at }) =>
        builder.addRelation(readRelation(parseJson(text, at), at), at),
      );
      builder.closeRelations();
    }
    await eachLine(folderFiles.triples, ({ text, at }) => {
      const { head, relation, tail } = parseTripleLine(text, at, { escaped: true });
      builder.addTriple(head, relation, tail, at);
    });
    bar.end();
    return builder.finish();
  },
};

function readRelation(value: unknown, at: string): Relation {
  const record = new RecordReader(value, at).only(["id", "label"]);
  return { id: record.text("id"), label: record.text("label") };
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
