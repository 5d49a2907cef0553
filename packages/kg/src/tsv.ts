import { InputError, pathOption, readLines } from "@kgraft/runtime";
import { z } from "zod";
import { GraphBuilder } from "./graph-builder.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { sourceName } from "./source-name.ts";
import { readTripleLines } from "./triple-lines.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("file of lines head TAB relation TAB tail; may be gzip"),
  labels: z
    .string()
    .meta(pathOption)
    .optional()
    .describe("file of lines id TAB label, more fields are aliases; default: ids are labels"),
});

/** Options of {@link tsv}. */
export type TsvOptions = z.infer<typeof options>;

/**
 * Plain triples, as most benchmarks ship them: entities are what occurs, in the order of occurrence. Ids stand as they
 * are, a backslash is a backslash. A label of an id that does not occur is passed over and counted.
 */
export const tsv: GraphDefinition<TsvOptions> = {
  name: "tsv",
  summary: "A file of head TAB relation TAB tail, with an optional file of labels.",
  options,
  async create({ path, labels }, { progress }) {
    const words = labels === undefined ? new Map<string, readonly string[]>() : await readLabels(labels);
    const builder = new GraphBuilder(sourceName("tsv", path));
    let labelled = 0;
    for await (const { head, relation, tail, at } of readTripleLines(path, { escaped: false })) {
      for (const id of [head, tail]) {
        if (builder.hasEntity(id)) continue;
        const [label = id, ...aliases] = words.get(id) ?? [];
        if (words.has(id)) labelled++;
        builder.addEntity({ id, label, aliases, types: [], properties: {} }, at);
      }
      builder.addTriple(head, relation, tail, at);
    }
    if (labelled < words.size)
      progress.note(`${labels}: ${words.size - labelled} of ${words.size} labels are of ids that occur in no triple`);
    return builder.finish();
  },
};

async function readLabels(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
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
