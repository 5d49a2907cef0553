import { join } from "node:path";
import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { onError } from "./broken-lines.ts";
import { isThere, plainOrGzip, readJsonFile } from "./data-file.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { readPlainTriples } from "./plain-triples.ts";
import { RecordReader } from "./record-reader.ts";
import { sourceName } from "./source-name.ts";

const parts = ["train", "valid", "test"] as const;

const options = z.strictObject({
  path: z
    .string()
    .meta(pathOption)
    .describe(
      "folder with codex-<size>/, relations.en.json and, if you like, entity2types.json, types.en.json, entities.en.json",
    ),
  size: z.enum(["s", "m", "l"]).default("s").describe("CoDEx-S, -M or -L"),
  parts: z
    .array(z.enum(parts))
    .nonempty()
    .default([...parts])
    .describe("whose triples are read, in this order"),
  onError,
});

/** Options of {@link codex}. */
export type CodexOptions = z.infer<typeof options>;

/**
 * CoDEx, a benchmark drawn from Wikidata: entities and relations are Wikidata's ids, types are the labels of an entity's
 * types, labels and descriptions of entities come from `entities.en.json` where the folder has it. Files may be gzip.
 */
export const codex: GraphDefinition<CodexOptions> = {
  name: "codex",
  summary: "CoDEx's triples with types and the words of relations.",
  paper: {
    title: "CoDEx: A Comprehensive Knowledge Graph Completion Benchmark",
    authors: "Safavi, Koutra",
    venue: "EMNLP 2020",
    url: "https://aclanthology.org/2020.emnlp-main.669",
  },
  options,
  async create({ path, size, parts, onError }, { progress }) {
    const paths = await Promise.all(parts.map((part) => plainOrGzip(join(path, `codex-${size}`, `${part}.txt`))));
    const labels = async (name: string) => labelsOf(await optional(path, name), join(path, name));
    const typeLabels = await labels("types.en.json");
    const words = new Map([...(await labels("entities.en.json"))].map(([id, label]) => [id, [label]]));
    const types = typesOf(await optional(path, "entity2types.json"), join(path, "entity2types.json"), typeLabels);
    const relations = await labels("relations.en.json");
    const source = `${sourceName("codex", path)} ${size}`;
    return (await readPlainTriples({ source, paths, words, types, relations, onError, progress })).graph;
  },
};

async function optional(folder: string, name: string): Promise<Readonly<Record<string, unknown>>> {
  const path = await plainOrGzip(join(folder, name));
  if (!(await isThere(path))) return {};
  const wanted = "Wanted an object by id";
  return new RecordReader({ all: await readJsonFile(path, wanted) }, path).record("all");
}

function labelsOf(all: Readonly<Record<string, unknown>>, path: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const [id, value] of Object.entries(all)) {
    const label = new RecordReader(value, `${path} ${id}`).optionalText("label");
    if (label) labels.set(id, label);
  }
  return labels;
}

function typesOf(
  all: Readonly<Record<string, unknown>>,
  path: string,
  labels: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const record = new RecordReader(all, path);
  return new Map(
    Object.keys(all).map((id) => [id, [...new Set(record.texts(id).map((type) => labels.get(type) ?? type))]]),
  );
}
