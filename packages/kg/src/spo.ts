import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { onError } from "./broken-lines.ts";
import type { GraphDefinition } from "./graph-definition.ts";
import { readPlainTriples } from "./plain-triples.ts";
import { sourceName } from "./source-name.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("file of lines subject TAB predicate TAB object; may be gzip"),
  onError,
});

/** Options of {@link spo}. */
export type SpoOptions = z.infer<typeof options>;

/** A knowledge graph as K-BERT ships it: words instead of ids, so that an entity is its own label. */
export const spo: GraphDefinition<SpoOptions> = {
  name: "spo",
  summary: "K-BERT's files of subject TAB predicate TAB object, in words.",
  paper: {
    title: "K-BERT: Enabling Language Representation with Knowledge Graph",
    authors: "Liu, Zhou, Zhao, Wang, Ju, Deng, Wang",
    venue: "AAAI 2020",
    url: "https://arxiv.org/abs/1909.07606",
  },
  options,
  async create({ path, onError }, { progress }) {
    return (await readPlainTriples({ source: sourceName("spo", path), paths: [path], onError, progress })).graph;
  },
};
