import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { readJsonFile } from "./data-file.ts";
import type { Entity } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { entityId } from "./graphology-graph.ts";
import { RecordReader } from "./record-reader.ts";
import { sourceName } from "./source-name.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("file with the JSON of graphology's graph.export(); may be gzip"),
  label: z.string().default("label").describe("node attribute that holds the label; the key where a node has none"),
  relation: z.string().default("relation").describe("edge attribute that holds the relation"),
});

/** Options of {@link graphologyJson}. */
export type GraphologyOptions = z.infer<typeof options>;

/**
 * A graph that graphology exported. Node attributes `aliases`, `description`, `types` and `properties` are the entity's
 * own, every other one becomes a property; an undirected edge is two triples; the graph attribute `relations`
 * (`{id, label}`) gives relations their words.
 */
export const graphologyJson: GraphDefinition<GraphologyOptions> = {
  name: "graphology",
  summary: "The JSON that graphology's graph.export() gives.",
  options,
  async create({ path, label, relation }) {
    const file = new RecordReader(await readJsonFile(path, "Wanted the JSON of graphology's graph.export()"), path);
    const builder = new GraphBuilder(sourceName("graphology", path));
    for (const [value, at] of items(file, "nodes", path)) builder.addEntity(readNode(value, at, label), at);
    for (const [value, at] of items(new RecordReader(file.record("attributes"), path), "relations", path)) {
      const record = new RecordReader(value, at);
      builder.addRelation({ id: record.text("id"), label: record.text("label") }, at);
    }
    for (const [value, at] of items(file, "edges", path)) addEdge(builder, value, at, relation);
    return builder.finish();
  },
};

function* items(record: RecordReader, name: string, path: string): Generator<[value: unknown, at: string]> {
  for (const [i, value] of record.list(name).entries()) yield [value, `${path} ${name}[${i}]`];
}

function readNode(value: unknown, at: string, labelName: string): Entity {
  const node = new RecordReader(value, at);
  const id = entityId(node.text("key"));
  const given = node.record("attributes");
  const attributes = new RecordReader(given, at);
  const description = attributes.optionalText("description");
  const own = new Set([labelName, "aliases", "description", "types", "properties"]);
  const others = Object.fromEntries(Object.entries(given).filter(([name]) => !own.has(name)));
  return {
    id,
    label: attributes.optionalText(labelName) || id,
    aliases: attributes.texts("aliases"),
    ...(description === undefined ? {} : { description }),
    types: attributes.texts("types"),
    properties: { ...others, ...attributes.record("properties") },
  };
}

function addEdge(builder: GraphBuilder, value: unknown, at: string, relationName: string): void {
  const edge = new RecordReader(value, at);
  const relation = new RecordReader(edge.record("attributes"), `${at}.attributes`).text(relationName);
  const source = entityId(edge.text("source"));
  const target = entityId(edge.text("target"));
  builder.addTriple(source, relation, target, at);
  if (edge.flag("undirected") && source !== target) builder.addTriple(target, relation, source, at);
}
