import { collect, pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { CompactStore } from "../compact/compact-store.ts";
import { readJsonFile } from "../data-file.ts";
import { GraphBuilder } from "../graph-builder.ts";
import type { GraphDefinition } from "../graph-definition.ts";
import { RecordReader } from "../record-reader.ts";
import { sourceName } from "../source-name.ts";
import { type FewrelInstance, fewrelInstances } from "./instances.ts";
import { divideFewrel, fewrelSplits } from "./split.ts";

const options = z.strictObject({
  path: z
    .string()
    .meta(pathOption)
    .describe("File of relation id -> instances with h and t, or a folder of files relations*.json(.gz)"),
  names: z
    .string()
    .meta(pathOption)
    .optional()
    .describe("pid2name.json, the words of the relations. Default: ids are words"),
  trainingPart: z
    .strictObject({ seed: z.int().min(0).default(1), by: z.enum(fewrelSplits).default("sentence") })
    .optional()
    .describe(
      "Takes the triples of the training part only, divided as the data set fewrel divides with the same seed; a pair of the other parts is left out. Default: all",
    ),
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
  async create({ path, names, trainingPart }) {
    const all = await collect(fewrelInstances(path));
    const told = trainingPart === undefined ? all : withoutHeldOut(divideFewrel(all, trainingPart));
    const builder = new GraphBuilder(sourceName("fewrel", path), new CompactStore("source"));
    for (const [id, [label = id, ...aliases]] of namesOf(told))
      builder.addEntity({ id, label, aliases, types: [], properties: {} }, path);
    const words = names === undefined ? {} : await readWords(names);
    for (const relation of new Set(told.map((one) => one.relation))) {
      const [label] = new RecordReader(words, names ?? path).texts(relation);
      if (label) builder.addRelation({ id: relation, label }, path);
    }
    const triples = new Map(told.map((one) => [`${one.head.id} ${one.relation} ${one.tail.id}`, one]));
    for (const { head, relation, tail, at } of triples.values()) builder.addTriple(head.id, relation, tail.id, at);
    return builder.finish();
  },
};

async function readWords(path: string): Promise<Readonly<Record<string, unknown>>> {
  return new RecordReader({ all: await readJsonFile(path, "Wanted an object") }, path).record("all");
}

/** The names of each entity, in the order of the instances. */
function namesOf(instances: readonly FewrelInstance[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const { head, tail } of instances)
    for (const { id, name } of [head, tail]) names.set(id, (names.get(id) ?? new Set()).add(name));
  return names;
}

/** Training instances whose pair, either way round, stands in no other part. */
function withoutHeldOut({
  train,
  validation,
  test,
}: Readonly<Record<"train" | "validation" | "test", readonly FewrelInstance[]>>): readonly FewrelInstance[] {
  const pair = ({ head, tail }: FewrelInstance): string => [head.id, tail.id].sort().join(" ");
  const heldOut = new Set([...validation, ...test].map(pair));
  return train.filter((instance) => !heldOut.has(pair(instance)));
}
