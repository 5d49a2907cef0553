import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { InputError, messageOf, type Progress, pathOption } from "@kgraft/runtime";
import { type Quad, StreamParser } from "n3";
import { z } from "zod";
import { CompactStore } from "../compact/compact-store.ts";
import { isThere } from "../data-file.ts";
import { GraphBuilder, relationWords } from "../graph-builder.ts";
import type { GraphDefinition } from "../graph-definition.ts";
import { sourceName } from "../source-name.ts";
import { RdfDraft } from "./rdf-draft.ts";
import { localName } from "./vocabulary.ts";

const options = z.strictObject({
  path: z.string().meta(pathOption).describe("N-Triples, N-Quads, Turtle or TriG (.nt, .nq, .ttl, .trig); may be gzip"),
  language: z
    .string()
    .min(1)
    .default("en")
    .describe("language of labels, aliases and descriptions; those without a language count, too"),
});

/** Options of {@link rdf}. */
export type RdfOptions = z.infer<typeof options>;

const formats: Readonly<Record<string, string>> = {
  nt: "N-Triples",
  nq: "N-Quads",
  ttl: "Turtle",
  trig: "TriG",
};

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
  async create({ path, language }, { progress }) {
    const draft = new RdfDraft(language);
    for await (const quad of readQuads(path, progress)) draft.add(quad);
    const source = sourceName("rdf", path);
    const builder = new GraphBuilder(source, new CompactStore("source"));
    for (const entity of draft.entities()) builder.addEntity(entity, path);
    for (const { id, label } of draft.relations())
      builder.addRelation({ id, label: label ?? relationWords(localName(id)) }, path);
    for (const { head, relation, tail } of draft.triples()) builder.addTriple(head, relation, tail, path);
    return builder.finish();
  },
};

async function* readQuads(path: string, progress: Progress): AsyncGenerator<Quad> {
  const format = formats[/\.(\w+?)(?:\.gz)?$/.exec(path)?.[1] ?? ""];
  if (format === undefined)
    throw new InputError({
      code: "kg.rdf.format",
      at: path,
      problem: "the name does not say which RDF it is",
      wanted: `Wanted ${Object.keys(formats)
        .map((ending) => `.${ending}`)
        .join(", ")}, or one of these with .gz`,
    });
  if (!(await isThere(path))) throw new InputError({ code: "runtime.read", at: path, problem: "no such file" });
  const file = createReadStream(path);
  const parser = new StreamParser({ format, blankNodePrefix: "_:" });
  const quads = path.endsWith(".gz")
    ? pipeline(file, createGunzip(), parser, () => undefined)
    : pipeline(file, parser, () => undefined);
  const bar = progress.bar("rdf", 0);
  let count = 0;
  try {
    for await (const quad of quads as AsyncIterable<Quad>) {
      yield quad;
      if (++count % 10_000 === 0) bar.update(count);
    }
  } catch (cause) {
    const text = messageOf(cause);
    const line = /on line (\d+)/.exec(text)?.[1];
    throw new InputError({
      code: "kg.rdf.syntax",
      at: line === undefined ? path : `${path}:${line}`,
      problem: `is not ${format}: ${text.replace(/ on line \d+\.?/, "")}`,
      cause,
    });
  }
  bar.end();
}
