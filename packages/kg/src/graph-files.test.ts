import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { silent } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Graph } from "./graph.ts";
import { buildGraph, graphologyJson, tsv } from "./index.ts";
import { describeGraph, type ExpectedGraph, readFixture } from "./testing.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));
const triples = join(toy, "triples.tsv");

let scratch: string;
const file = async (name: string, content: string | Uint8Array) => {
  const path = join(scratch, name);
  await writeFile(path, content);
  return path;
};
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kgraft-files-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

async function list(graph: Graph): Promise<ExpectedGraph> {
  const all = { entities: [], relations: [], triples: [] } as { [Part in keyof ExpectedGraph]: unknown[] };
  for await (const entity of graph.entities()) all.entities.push(entity);
  for await (const relation of graph.relations()) all.relations.push(relation);
  for await (const triple of graph.triples()) all.triples.push(triple);
  return all as unknown as ExpectedGraph;
}

/** The toy graph as plain triples give it. */
async function plainToy(): Promise<ExpectedGraph> {
  const { triples } = await readFixture(toy);
  const ids = [...new Set(triples.flatMap(({ head, tail }) => [head, tail]))];
  return {
    entities: ids.map((id) => ({ id, label: id, aliases: [], types: [], properties: {} })),
    relations: [...new Set(triples.map(({ relation }) => relation))].map((id) => ({
      id,
      label: id.replaceAll("-", " "),
    })),
    triples,
  };
}

const openTsv = (options: unknown) => tsv.create(tsv.options.parse(options), { progress: silent });
describeGraph("tsv", () => openTsv({ path: triples }), plainToy);

describe("tsv", () => {
  it("reads labels and aliases, notes those of no entity, and takes backslashes, gzip and CRLF as they come", async () => {
    const path = await file("plain.tsv.gz", gzipSync("a\\b\tr\tc\r\n\r\nc\tr\ta\\b"));
    const labels = await file("labels.tsv", "c\tSea\tOcean\tMain\nzz\tNothing\n");
    const notes: string[] = [];
    const graph = await tsv.create(tsv.options.parse({ path, labels }), {
      progress: { ...silent, note: (text) => notes.push(text) },
    });
    expect((await list(graph)).entities).toEqual([
      { id: "a\\b", label: "a\\b", aliases: [], types: [], properties: {} },
      { id: "c", label: "Sea", aliases: ["Ocean", "Main"], types: [], properties: {} },
    ]);
    expect(notes).toEqual([`${labels}: 1 of 2 labels are of ids that occur in no triple`]);
  });

  it("refuses broken triples and labels by file and line, and an empty file", async () => {
    const path = await file("good.tsv", "a\tr\tb\n");
    const broken = await file("broken.tsv", "a\tr\tb\n\na\tr\tb\tc\n");
    await expect(openTsv({ path: broken })).rejects.toThrow(
      `${broken}:3: has 4 fields. Wanted head, relation, tail separated by tabs.`,
    );
    const unlabelled = await file("unlabelled.tsv", "a\tA\nb\n");
    await expect(openTsv({ path, labels: unlabelled })).rejects.toThrow(
      `${unlabelled}:2: has no id, no label or an empty field. Wanted id, label and perhaps aliases, separated by tabs.`,
    );
    const doubled = await file("doubled.tsv", "a\tA\na\tB\n");
    await expect(openTsv({ path, labels: doubled })).rejects.toThrow(`${doubled}:2: gives "a" a second time.`);
    await expect(openTsv({ path: await file("empty.tsv", "\n") })).rejects.toThrow("the graph is empty");
  });
});

const openJson = (options: unknown) =>
  graphologyJson.create(graphologyJson.options.parse(options), { progress: silent });
const json = async (name: string, value: unknown) => file(name, JSON.stringify(value));

describeGraph(
  "graphology",
  async () =>
    openJson({ path: await json("toy.json", (await buildGraph("toy", await readFixture(toy))).memory.export()) }),
  () => readFixture(toy),
);

describe("graphology", () => {
  it("reads a foreign export: attributes become properties, undirected edges two triples", async () => {
    const path = await json("foreign.json", {
      options: { type: "mixed", multi: true, allowSelfLoops: true },
      attributes: { name: "social" },
      nodes: [{ key: "1", attributes: { name: "Ann", age: 7, x: 0.5 } }, { key: "2" }],
      edges: [
        { key: "e", source: "1", target: "2", attributes: { kind: "knows" }, undirected: true },
        { source: "2", target: "2", attributes: { kind: "is", weight: 3 }, undirected: true },
      ],
    });
    expect(await list(await openJson({ path, label: "name", relation: "kind" }))).toEqual({
      entities: [
        { id: "1", label: "Ann", aliases: [], types: [], properties: { age: 7, x: 0.5 } },
        { id: "2", label: "2", aliases: [], types: [], properties: {} },
      ],
      relations: [
        { id: "knows", label: "knows" },
        { id: "is", label: "is" },
      ],
      triples: [
        { head: "1", relation: "knows", tail: "2" },
        { head: "2", relation: "knows", tail: "1" },
        { head: "2", relation: "is", tail: "2" },
      ],
    });
  });

  it("keeps ids that JavaScript has names for", async () => {
    const ids = ["constructor", "__proto__", "\0x"];
    const parts = {
      entities: ids.map((id) => ({ id, label: id, aliases: [], types: [], properties: {} })),
      relations: [{ id: "r", label: "r" }],
      triples: ids.flatMap((head) => ids.map((tail) => ({ head, relation: "r", tail }))),
    };
    const path = await json("names.json", (await buildGraph("names", parts)).memory.export());
    expect(await list(await openJson({ path }))).toEqual(parts);
  });

  it("refuses what is no export, naming the place", async () => {
    const refused = async (name: string, value: unknown, message: string) => {
      const path = await json(name, value);
      await expect(openJson({ path })).rejects.toThrow(`${path}${message}`);
    };
    const nodes = [{ key: "a" }];
    await refused("list.json", [], ": is []. Wanted a JSON object.");
    await refused("nodes.json", { nodes: {} }, ': "nodes" is {}. Wanted a list.');
    await refused("node.json", { nodes: [1] }, " nodes[0]: is 1. Wanted a JSON object.");
    await refused("key.json", { nodes: [{}] }, ' nodes[0]: has no "key". Wanted a string.');
    await refused(
      "relation.json",
      { nodes, edges: [{ source: "a", target: "a" }] },
      ' edges[0].attributes: has no "relation". Wanted a string.',
    );
    await refused(
      "target.json",
      { nodes, edges: [{ source: "a", target: "q", attributes: { relation: "r" } }] },
      ' edges[0]: tail "q" is not among the 1 entities.',
    );
    await refused(
      "flag.json",
      { nodes, edges: [{ source: "a", target: "a", undirected: 1, attributes: { relation: "r" } }] },
      ' edges[0]: "undirected" is 1. Wanted true or false.',
    );
    await expect(openJson({ path: await file("broken.json", "{") })).rejects.toThrow("broken.json: is not JSON");
    await expect(openJson({ path: join(scratch, "none.json") })).rejects.toThrow("none.json: no such file.");
  });
});
