import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Ended, filesBelow, kgraft, root, temporaryFolder, write } from "./kgraft.ts";

const folder = temporaryFolder();
const toy = join(root, "configs/toy.yaml");

/** A config of nothing but a graph. */
const graphConfig = (name: string, graph: string): string => write(folder, `${name}.yaml`, `name: ${name}\ngraph: ${graph}\n`);
const stats = async (config: string): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await kgraft(["graph", "stats", config, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe("kgraft graph stats", () => {
  test("says what the toy graph holds, as JSON and for people", async () => {
    const numbers = await stats(toy);
    const lines = (name: string) => readFileSync(join(root, "kg-fixtures/toy", name), "utf8").trimEnd().split("\n");
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
    expect((numbers.hubs as object[])[0]).toEqual({ id: "talvera", label: "Talvera", degree: 13 });
    const { code, stdout } = await kgraft(["graph", "stats", toy, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}entities +22$/m);
    expect(stdout).toMatch(/^ {2}Talvera \(talvera\) +13$/m);
  });
});

describe("kgraft graph export and import", () => {
  test.each([
    ["folder", "kept-folder", "folder"],
    ["graphology", "kept.json.gz", "graphology"],
    ["nt", "kept.nt.gz", "rdf"],
  ])("as %s keeps everything", async (format, output, adapter) => {
    const path = join(folder, output);
    const { code, stdout } = await kgraft(["graph", "export", toy, "--format", format, "--output", path, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ format, output: path, entities: 22, relations: 16, triples: 42 });
    const { source: _, ...read } = await stats(graphConfig(format, `{ name: ${adapter}, path: ${path} }`));
    const { source: __, ...original } = await stats(toy);
    expect(read).toEqual(original);
  });

  test("as tsv and spo keeps what these can hold", async () => {
    const [tsv, spo] = [join(folder, "kept.tsv"), join(folder, "kept.spo.gz")];
    for (const [format, path] of [
      ["tsv", tsv],
      ["spo", spo],
    ] as const)
      expect((await kgraft(["graph", "export", toy, "--format", format, "--output", path])).code).toBe(0);
    expect(await stats(graphConfig("tsv", `{ name: tsv, path: ${tsv}, labels: ${join(folder, "kept.labels.tsv")} }`))).toMatchObject(
      { entities: 21, triples: 42, isolated: 0 },
    );
    expect(gunzipSync(readFileSync(spo)).toString().split("\n")).toContain("Casta\tcapital of\tTalvera");
  });

  test("import writes what the other config reads, sorted by id", async () => {
    const to = graphConfig("copy", `{ name: folder, path: ${join(folder, "copy")} }`);
    const { code, stdout } = await kgraft(["graph", "import", toy, "--to", to]);
    expect([code, stdout]).toEqual([0, `22 entities, 42 triples\nfolder ${join(folder, "copy")}\n`]);
    const ids = readFileSync(join(folder, "copy/entities.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect((await kgraft(["graph", "stats", to])).code).toBe(0);
  });

  test("what cannot be done says so in one line, exits with 2 and leaves nothing", async () => {
    const before = filesBelow(folder);
    const wordnet = graphConfig("words", "{ name: wordnet }");
    const turtle = graphConfig("turtle", `{ name: rdf, path: ${join(folder, "x.ttl")} }`);
    const line = write(folder, "line.jsonl", "");
    const refused: [readonly string[], string][] = [
      [["export", toy, "--format", "ttl", "--output", "x"], "Allowed choices are folder, tsv, nt, spo, graphology."],
      [["export", toy, "--format", "folder", "--output", folder], "so it is not only a graph folder and is not replaced"],
      [["import", toy, "--to", wordnet], 'config.graph: nothing can be written for "wordnet". Wanted neo4j, folder, tsv'],
      [["import", toy, "--to", turtle], "is not the name of N-Triples. Wanted a path that ends in .nt or .nt.gz."],
      [["clean", toy, "--run", "x"], 'config.graph: is "folder". Wanted a graph in Neo4j'],
      [["stats", line], "line.jsonl"],
    ];
    const ended: readonly Ended[] = await Promise.all(refused.map(([args]) => kgraft(["graph", ...args])));
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(refused[i]?.[1]);
      expect(stderr).not.toMatch(/^ {4}at /m);
    }
    expect(filesBelow(folder).filter((path) => !before.includes(path))).toEqual([
      "line.jsonl",
      "turtle.yaml",
      "words.yaml",
    ]);
  });
});

describe("the examples of kgraft graph --help", () => {
  test.each(["stats", "export"])("%s works as printed", async (command) => {
    const { stdout } = await kgraft(["graph", command, "--help"]);
    const example = /\nExample:\n {2}kgraft (.+)\n/.exec(stdout)?.[1] as string;
    const args = example.replaceAll("configs/", join(root, "configs/")).split(" ");
    const ended = await kgraft([...args, "--quiet"], {}, folder);
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(ended.stdout).not.toBe("");
  });
});
