import { InputError, pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { CompactStore } from "./compact/compact-store.ts";
import { readJsonFile } from "./data-file.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { RecordReader } from "./record-reader.ts";
import { sourceName } from "./source-name.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("file of relation id -> instances with h and t; give training data only"),
  names: z
    .string()
    .meta(pathOption)
    .optional()
    .describe("pid2name.json, the words of the relations; default: ids are words"),
});

/** Options of {@link fewrel}. */
export type FewrelOptions = z.infer<typeof options>;

/**
 * The small Wikidata graph that FewRel's instances state: one triple for every distinct head, relation and tail. The first
 * name of an entity is its label, others are aliases.
 */
export const fewrel: GraphDefinition<FewrelOptions> = {
  name: "fewrel",
  summary: "The Wikidata triples that the instances of a FewRel file state.",
  paper: {
    title: "FewRel: A Large-Scale Supervised Few-Shot Relation Classification Dataset",
    authors: "Han, Zhu, Yu, Wang, Yao, Liu, Sun",
    venue: "EMNLP 2018",
    url: "https://aclanthology.org/D18-1514",
  },
  options,
  async create({ path, names }) {
    const file = asRecord(await readJsonFile(path, "Wanted an object of relation id to instances"), path);
    const words = names === undefined ? {} : asRecord(await readJsonFile(names, "Wanted an object"), names);
    const labels = new Map<string, Set<string>>();
    const triples = new Map<string, [head: string, relation: string, tail: string, at: string]>();
    for (const relation of Object.keys(file))
      for (const [i, instance] of new RecordReader(file, path).list(relation).entries()) {
        const at = `${path} ${relation}[${i}]`;
        const [head, tail] = (["h", "t"] as const).map((side) => mentioned(instance, side, at, labels)) as [
          string,
          string,
        ];
        triples.set(`${head} ${relation} ${tail}`, [head, relation, tail, at]);
      }
    const builder = new GraphBuilder(sourceName("fewrel", path), new CompactStore("source"));
    for (const [id, [label = id, ...aliases]] of [...labels].map(([id, all]) => [id, [...all]] as const))
      builder.addEntity({ id, label, aliases, types: [], properties: {} }, path);
    for (const relation of Object.keys(file)) {
      const [label] = new RecordReader(words, names ?? path).texts(relation);
      if (label) builder.addRelation({ id: relation, label }, path);
    }
    for (const triple of triples.values()) builder.addTriple(...triple);
    return builder.finish();
  },
};

function asRecord(value: unknown, path: string): Readonly<Record<string, unknown>> {
  return new RecordReader({ all: value }, path).record("all");
}

/** The id of an instance's head or tail, `[name, id, positions]`; its name is kept. */
function mentioned(instance: unknown, side: "h" | "t", at: string, labels: Map<string, Set<string>>): string {
  const [name, id] = new RecordReader(instance, at).list(side);
  if (typeof name !== "string" || typeof id !== "string" || name === "" || id === "")
    throw new InputError({
      code: "kg.fewrel.mention",
      at,
      problem: `"${side}" is ${JSON.stringify([name, id])}`,
      wanted: "Wanted [name, id, positions]",
    });
  const names = labels.get(id) ?? new Set();
  labels.set(id, names.add(name));
  return id;
}
