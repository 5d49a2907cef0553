import { pathOption } from "@kgraft/runtime";
import { z } from "zod";
import { onError } from "../broken-lines.ts";
import { CompactStore } from "../compact/compact-store.ts";
import { GraphBuilder, relationWords } from "../graph-builder.ts";
import type { GraphDefinition } from "../graph-definition.ts";
import { sourceName } from "../source-name.ts";
import { RdfDraft } from "./rdf-draft.ts";
import { readQuads } from "./read-quads.ts";
import { localName } from "./vocabulary.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("N-Triples, N-Quads, Turtle or TriG (.nt, .nq, .ttl, .trig); may be gzip"),
  language: z
    .string()
    .min(1)
    .default("en")
    .describe("language of labels, aliases and descriptions; those without a language count, too"),
  onError: onError.describe("what a broken line of N-Triples or N-Quads does: stop, or be passed over and counted"),
});

/** Options of {@link rdf}. */
export type RdfOptions = z.infer<typeof options>;

/**
 * A graph in RDF. Statements between resources are triples, except `rdf:type`, which gives types; `rdfs:label` and
 * `skos:prefLabel` give the label (the first one; others are aliases, as `skos:altLabel` is), `rdfs:comment`,
 * `skos:definition` and schema.org's `description` the description; every other literal is a property. Resources of type
 * `rdf:Property` are relations. Named graphs are read as one. An id is the whole IRI.
 */
export const rdf: GraphDefinition<RdfOptions> = {
  name: "rdf",
  summary: "N-Triples, N-Quads, Turtle or TriG, with labels, descriptions and types from the usual vocabularies.",
  options,
  async create({ path, language, onError }, { progress }) {
    const draft = new RdfDraft(language);
    for await (const quad of readQuads(path, onError, progress)) draft.add(quad);
    const source = sourceName("rdf", path);
    const builder = new GraphBuilder(source, new CompactStore("source"));
    for (const entity of draft.entities()) builder.addEntity(entity, path);
    for (const { id, label } of draft.relations())
      builder.addRelation({ id, label: label ?? relationWords(localName(id)) }, path);
    for (const { head, relation, tail } of draft.triples()) builder.addTriple(head, relation, tail, path);
    return builder.finish();
  },
};
