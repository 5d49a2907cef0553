import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { folder as folderAdapter, type Graph, graphologyJson, graphStats, rdf, tsv } from "@kgraft/kg";
import { silent } from "@kgraft/runtime";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ended, filesBelow, kgraft, root, temporaryFolder, write } from "./kgraft.ts";

const folder = temporaryFolder();
const toy = join(root, "configs/toy.yaml");
const needs = { progress: silent };
const place = (name: string): string => join(folder, name);

/** A config of nothing but a graph. */
const graphConfig = (name: string, graph: string): string =>
  write(folder, `${name}.yaml`, `name: ${name}\ngraph: ${graph}\n`);

describe("kgraft graph stats", () => {
  test("says what the toy graph holds, as JSON and for people", async () => {
    const [json, text] = await Promise.all([
      kgraft(["graph", "stats", toy, "--json"]),
      kgraft(["graph", "stats", toy, "--quiet"]),
    ]);
    expect([json.code, json.stderr, text.code, text.stderr]).toEqual([0, "", 0, ""]);
    const lines = (name: string) =>
      readFileSync(join(root, "kg-fixtures/toy", name), "utf8")
        .trimEnd()
        .split("\n");
    const numbers = JSON.parse(json.stdout) as { hubs: readonly object[] };
    expect(numbers).toMatchObject({
      entities: lines("entities.jsonl").length,
      relations: lines("relations.jsonl").length,
      triples: lines("triples.tsv").length,
      duplicates: 0,
      isolated: 1,
      missingLabels: 4,
      triplesByRelation: { "located-in": 7, borders: 4 },
      types: { person: 4 },
    });
    expect(numbers.hubs[0]).toEqual({ id: "talvera", label: "Talvera", degree: 13 });
    expect(text.stdout).toMatch(/^ {2}entities +22$/m);
    expect(text.stdout).toMatch(/^ {2}Talvera \(talvera\) +13$/m);
  });
});

describe("kgraft graph export", () => {
  const outputs = {
    folder: place("kept"),
    graphology: place("kept.json.gz"),
    nt: place("kept.nt.gz"),
    tsv: place("kept.tsv"),
    spo: place("kept.spo.gz"),
  };
  let ended: readonly Ended[];
  beforeAll(async () => {
    const args = Object.entries(outputs).map(([format, output]) => ["--format", format, "--output", output]);
    ended = await Promise.all(args.map((one) => kgraft(["graph", "export", toy, ...one, "--json"])));
  });

  test("says what it wrote", () => {
    for (const [i, [format, output]] of Object.entries(outputs).entries()) {
      expect([ended[i]?.code, ended[i]?.stderr]).toEqual([0, ""]);
      expect(JSON.parse(ended[i]?.stdout as string)).toMatchObject({ format, output, entities: 22, triples: 42 });
    }
  });

  test("keeps everything in a folder, graphology's JSON and N-Triples", async () => {
    const original = await graphStats(await folderAdapter.create({ path: join(root, "kg-fixtures/toy") }, needs));
    const read: readonly Graph[] = [
      await folderAdapter.create({ path: outputs.folder }, needs),
      await graphologyJson.create(graphologyJson.options.parse({ path: outputs.graphology }), needs),
      await rdf.create(rdf.options.parse({ path: outputs.nt }), needs),
    ];
    for (const graph of read) expect(await graphStats(graph)).toMatchObject({ ...original, hubs: expect.anything() });
  });

  test("keeps in tsv and spo what these can hold", async () => {
    const options = { path: outputs.tsv, labels: place("kept.labels.tsv") };
    const graph = await tsv.create(tsv.options.parse(options), needs);
    expect(await graph.counts()).toEqual({ entities: 21, relations: 16, triples: 42 });
    expect(await graph.entity("talvera")).toMatchObject({ label: "Talvera", aliases: ["Republic of Talvera", "Tal"] });
    expect(gunzipSync(readFileSync(outputs.spo)).toString().split("\n")).toContain(
      "Nørhavn\tis the capital of\tTalvera",
    );
  });
});

describe("kgraft graph import", () => {
  test("writes what the other config reads, sorted by id", async () => {
    const to = graphConfig("copy", `{ name: folder, path: ${place("copy")} }`);
    const { code, stdout } = await kgraft(["graph", "import", toy, "--to", to]);
    expect([code, stdout]).toEqual([0, `22 entities, 42 triples\nfolder ${place("copy")}\n`]);
    const lines = readFileSync(place("copy/entities.jsonl"), "utf8").trimEnd().split("\n");
    const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });
});

describe("kgraft graph", () => {
  test("says in one line what it cannot do, exits with 2 and leaves nothing", async () => {
    const wordnet = graphConfig("words", "{ name: wordnet }");
    const turtle = graphConfig("turtle", `{ name: rdf, path: ${place("x.ttl")} }`);
    const before = filesBelow(folder);
    const refused: readonly (readonly [readonly string[], string])[] = [
      [["export", toy, "--format", "ttl", "--output", "x"], "Allowed choices are folder, tsv, nt, spo, graphology."],
      [["export", toy, "--format", "folder", "--output", folder], "so it is not only a graph folder"],
      [["import", toy, "--to", wordnet], 'nothing can be written for "wordnet". Wanted neo4j, folder, tsv'],
      [["import", toy, "--to", turtle], "is not the name of N-Triples. Wanted a path that ends in .nt or .nt.gz."],
      [["clean", toy, "--run", "x"], 'config.graph: is "folder". Wanted a graph in Neo4j'],
    ];
    const ended = await Promise.all(refused.map(([args]) => kgraft(["graph", ...args])));
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(refused[i]?.[1]);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
    expect(filesBelow(folder)).toEqual(before);
  });

  test("works as its help prints it", async () => {
    const { stdout } = await kgraft(["graph", "export", "--help"]);
    const example = /\nExample:\n {2}kgraft (.+)\n/.exec(stdout)?.[1] as string;
    const args = example.replaceAll("configs/", join(root, "configs/")).split(" ");
    const ended = await kgraft([...args, "--quiet"], {}, folder);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(filesBelow(folder)).toContain(example.split(" ").at(-1));
  });
});
