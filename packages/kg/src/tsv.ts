import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { onError } from "./broken-lines.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { readPlainTriples, readWords } from "./plain-triples.ts";
import { sourceName } from "./source-name.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("file of lines head TAB relation TAB tail; may be gzip"),
  labels: z
    .string()
    .meta(pathOption)
    .optional()
    .describe("file of lines id TAB label, more fields are aliases; default: ids are labels"),
  onError,
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
  async create({ path, labels, onError }, { progress }) {
    const words = labels === undefined ? undefined : await readWords(labels);
    const source = sourceName("tsv", path);
    const { graph, labelled } = await readPlainTriples({ source, paths: [path], words, onError, progress });
    const unused = (words?.size ?? 0) - labelled;
    if (unused > 0) progress.note(`${labels}: ${unused} of ${words?.size} labels are of ids that occur in no triple`);
    return graph;
  },
};
