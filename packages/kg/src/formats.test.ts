import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { silent } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Graph } from "./graph.ts";
import {
  buildGraph,
  CompactGraph,
  codex,
  fewrel,
  folder,
  type GraphDefinition,
  graphologyJson,
  inIdOrder,
  rdf,
  spo,
  tsv,
  writeGraph,
} from "./index.ts";
import { describeGraph, type ExpectedGraph, readFixture } from "./testing.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));
const data = process.env.KGRAFT_DATA;
const noData = data === undefined ? " (skipped: KGRAFT_DATA is not set)" : "";
const openToy = () => folder.create({ path: toy }, { progress: silent });

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kgraft-formats-"));
});
afterAll(() => rm(scratch, { recursive: true }));

const open = <Options>(definition: GraphDefinition<Options>, options: unknown, notes: string[] = []) =>
  definition.create(definition.options.parse(options), {
    progress: { ...silent, note: (text) => notes.push(text) },
  });
const file = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(scratch, name), content);
  return join(scratch, name);
};
async function list(graph: Graph): Promise<ExpectedGraph> {
  const all = { entities: [], relations: [], triples: [] } as { [Part in keyof ExpectedGraph]: unknown[] };
  for await (const entity of graph.entities()) all.entities.push(entity);
  for await (const relation of graph.relations()) all.relations.push(relation);
  for await (const triple of graph.triples()) all.triples.push(triple);
  return all as unknown as ExpectedGraph;
}
/** Writes the toy graph in a format and reads it again. */
const through = (format: string, name: string, definition: GraphDefinition<unknown>) => async () => {
  const path = join(scratch, name);
  await writeGraph(await openToy(), format, path);
  return open(definition, { path });
};

for (const [format, name, definition] of [
  ["folder", "toy-folder", folder],
  ["graphology", "toy.json", graphologyJson],
  ["graphology", "toy.json.gz", graphologyJson],
  ["nt", "toy.nt", rdf],
  ["nt", "toy.nt.gz", rdf],
] as const)
  describeGraph(
    `${format} written as ${name} and read`,
    through(format, name, definition as GraphDefinition<unknown>),
    () => readFixture(toy),
  );

describeGraph(
  "a compact graph in id order",
  async () => inIdOrder(await openToy()),
  async () => {
    const { entities, relations, triples } = await readFixture(toy);
    const by = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    return {
      entities: entities.toSorted((a, b) => by(a.id, b.id)),
      relations: relations.toSorted((a, b) => by(a.id, b.id)),
      triples: triples.toSorted((a, b) => by(a.head, b.head) || by(a.relation, b.relation) || by(a.tail, b.tail)),
    };
  },
);

const awkward = [
  "constructor",
  "__proto__",
  "10",
  "9",
  "tab\there",
  "a b",
  "ö",
  "灯",
  "😀",
  "\uFF21",
  "urn:kgraft:x",
  "http://x.org/#y",
  "%41",
  "_:b0",
];
const awkwardParts: ExpectedGraph = {
  entities: awkward.map((id, i) => ({
    id,
    label: `${id}!"\n\\`,
    aliases: [id],
    types: [`t ${id}`],
    properties: { [id]: [i, null, { a: id }] },
  })),
  relations: [{ id: "is a\n", label: "is a" }],
  triples: awkward.flatMap((head, i) => [
    { head, relation: "is a\n", tail: awkward[(i * 3) % awkward.length] as string },
    { head: "10", relation: "is a\n", tail: head },
  ]),
};
for (const [format, name, definition] of [
  ["nt", "awkward.nt", rdf],
  ["graphology", "awkward.json", graphologyJson],
  ["folder", "awkward-folder", folder],
] as const)
  describeGraph(
    `${format} with ids of all kinds`,
    async () => {
      await writeGraph(await buildGraph("awkward", awkwardParts), format, join(scratch, name));
      return open(definition as GraphDefinition<unknown>, { path: join(scratch, name) });
    },
    async () => awkwardParts,
  );

describe("writeGraph", () => {
  it("writes tsv with labels beside, and spo in words", async () => {
    const path = join(scratch, "out.tsv.gz");
    await writeGraph(await openToy(), "tsv", path);
    const read = await list(await open(tsv, { path, labels: join(scratch, "out.labels.tsv.gz") }));
    const { entities, triples } = await readFixture(toy);
    expect(read.triples).toEqual(triples);
    const wanted = new Map(entities.map(({ id, label, aliases }) => [id, { label, aliases }]));
    for (const { id, label, aliases } of read.entities) expect({ label, aliases }).toEqual(wanted.get(id));
    await writeGraph(await openToy(), "spo", join(scratch, "out.spo"));
    const words = await list(await open(spo, { path: join(scratch, "out.spo") }));
    expect(words.triples[0]).toEqual({ head: "Nørhavn", relation: "is the capital of", tail: "Talvera" });
    expect(words.triples.length).toBe(triples.length);
  });
  it("refuses an unknown format and what a format cannot hold, and leaves nothing behind", async () => {
    const before = await readdir(scratch);
    await expect(writeGraph(await openToy(), "graphml", join(scratch, "no"))).rejects.toThrow(
      'kg.writeGraph: no format "graphml". Wanted folder, tsv, spo, nt, graphology.',
    );
    const graph = await buildGraph("awkward", awkwardParts);
    for (const format of ["tsv", "spo"])
      await expect(writeGraph(graph, format, join(scratch, "no.tsv"))).rejects.toThrow(
        /cannot stand in a line of fields separated by tabs\. Export as folder, graphology or nt/,
      );
    expect(await readdir(scratch)).toEqual(before);
  });
});

describe("rdf", () => {
  it("reads Turtle: labels by language, descriptions, types, literals as properties, blank nodes", async () => {
    const path = await file(
      "world.ttl",
      `@prefix : <http://e.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:ada a :Person ; rdfs:label "Ada"@en, "Adä"@de ; skos:altLabel "Countess"@en-GB ; rdfs:comment "A mathematician" ;
  :bornIn :london ; :age 36 ; :knows _:someone ; :tag "x", "y" .
_:someone rdfs:label "Someone" .
`,
    );
    const person = "http://e.org/Person";
    expect(await list(await open(rdf, { path }))).toEqual({
      entities: [
        {
          id: "http://e.org/ada",
          label: "Ada",
          aliases: ["Countess"],
          description: "A mathematician",
          types: [person],
          properties: { "http://e.org/age": 36, "http://e.org/tag": ["x", "y"] },
        },
        { id: "http://e.org/london", label: "http://e.org/london", aliases: [], types: [], properties: {} },
        { id: "_:someone", label: "Someone", aliases: [], types: [], properties: {} },
      ],
      relations: [
        { id: "http://e.org/bornIn", label: "born in" },
        { id: "http://e.org/knows", label: "knows" },
      ],
      triples: [
        { head: "http://e.org/ada", relation: "http://e.org/bornIn", tail: "http://e.org/london" },
        { head: "http://e.org/ada", relation: "http://e.org/knows", tail: "_:someone" },
      ],
    });
  });
  it("names the line of what is no RDF, and a file whose name says nothing", async () => {
    const path = await file("bad.nt", "<a:a> <a:b> <a:c> .\n<a:a> <a:b> .\n");
    await expect(open(rdf, { path })).rejects.toThrow(/bad\.nt:2: is not N-Triples: /);
    await expect(open(rdf, { path: join(scratch, "x.xml") })).rejects.toThrow(
      "the name does not say which RDF it is. Wanted .nt, .nq, .ttl, .trig, or one of these with .gz.",
    );
    await expect(open(rdf, { path: join(scratch, "none.nt") })).rejects.toThrow("none.nt: no such file.");
  });
});

describe("broken lines", () => {
  it("are passed over and counted with onError: skip, and stop otherwise", async () => {
    const path = await file("broken.spo", "a\tb\tc\nx\ty\nd\te\tf\n\t\t\n");
    await expect(open(spo, { path })).rejects.toThrow(`${path}:2: has 2 fields.`);
    const notes: string[] = [];
    const graph = await open(spo, { path, onError: "skip" }, notes);
    expect((await list(graph)).triples.map(({ head }) => head)).toEqual(["a", "d"]);
    expect(notes).toEqual([
      `${path}: 2 broken lines passed over: ${path}:2: has 2 fields. Wanted head, relation, tail separated by tabs. ${path}:4: has an empty field. Wanted head, relation, tail separated by tabs.`,
    ]);
  });
  it("of N-Triples are passed over and counted; a statement of Turtle cannot be", async () => {
    const path = await file("some.nt", "<a:a> <a:b> <a:c> .\n<a:a> <a:b> .\n# said\n\n_:x <a:b> <a:c> .\n");
    const notes: string[] = [];
    const graph = await open(rdf, { path, onError: "skip" }, notes);
    expect((await list(graph)).triples.map(({ head }) => head)).toEqual(["a:a", "_:x"]);
    expect(notes).toEqual([
      expect.stringMatching(
        /some\.nt: 1 broken lines passed over: .*some\.nt:2: is not N-Triples: .* Wanted N-Triples/,
      ),
    ]);
    await expect(open(rdf, { path: join(scratch, "some.ttl"), onError: "skip" })).rejects.toThrow(
      "config.graph.onError: is skip, but a statement of Turtle may take several lines",
    );
  });
  it("of FewRel are named by relation and number", async () => {
    const path = await file("fewrel.json", JSON.stringify({ P1: [{ h: ["a", "Q1", []], t: ["b"] }] }));
    await expect(open(fewrel, { path })).rejects.toThrow(
      'fewrel.json P1[0]: "t" is ["b",null]. Wanted [name, id, positions].',
    );
  });
});

describe.skipIf(data === undefined)(`published graphs${noData}`, () => {
  const at = (name: string) => join(data as string, name);
  it("K-BERT's Medical", async () => {
    const graph = await open(spo, { path: at("k-bert/Medical.spo.gz") });
    expect(await graph.counts()).toMatchObject({ triples: 13_864 });
  });
  it("CoDEx-S, with types and relations in words", async () => {
    const graph = await open(codex, { path: at("codex") });
    expect(await graph.counts()).toEqual({ entities: 2034, relations: 42, triples: 36_543 });
    expect((await graph.entity("Q43845"))?.types).toContain("profession");
    const { relations } = await list(graph);
    expect(relations.find(({ id }) => id === "P509")?.label).toBe("cause of death");
  });
  it("FewRel's entities and relations with names", async () => {
    const graph = await open(fewrel, { path: at("fewrel/relations-a.json.gz"), names: at("fewrel/pid2name.json") });
    expect(await graph.counts()).toMatchObject({ relations: 16 });
    expect((await graph.entity("Q1497"))?.label).toBe("mississippi river");
  });
});

describe("a graph of half a million triples", () => {
  it("takes 20 bytes a triple beside its texts, and finds neighbours", async () => {
    function* lines() {
      for (let i = 0; i < 500_000; i++) yield `e${(i * 7919) % 100_000}\tr${i % 11}\te${(i * 104_729) % 100_000}\n`;
    }
    const path = await file("large.tsv.gz", gzipSync([...lines()].join("")));
    const graph = (await open(tsv, { path })) as CompactGraph;
    expect(graph).toBeInstanceOf(CompactGraph);
    expect(await graph.counts()).toEqual({ entities: 100_000, relations: 11, triples: 500_000 });
    const { ids, fields, triples } = graph.parts;
    const bytes = triples.byteLength + ids.bytes.length + fields.bytes.length + 16 * ids.offsets.length;
    expect(bytes).toBeLessThan(12 * 500_000 + 26 * 100_001);
    expect(await graph.neighbours("e0", { direction: "out", limit: 1 })).toEqual([
      { head: "e0", relation: "r0", tail: "e0" },
    ]);
  });
});
