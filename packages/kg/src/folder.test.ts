import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silent } from "@kgraft/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildGraph, folder, graphStats, writeGraphFolder } from "./index.ts";
import { describeGraph, readFixture } from "./testing.ts";

const toy = fileURLToPath(new URL("../../../kg-fixtures/toy", import.meta.url));
const open = (path: string) => folder.create({ path }, { progress: silent });

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kgraft-folder-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

describeGraph(
  "folder",
  () => open(toy),
  () => readFixture(toy),
);

describeGraph(
  "a folder written by writeGraphFolder",
  async () => {
    const path = join(scratch, "copy");
    await writeGraphFolder(await open(toy), path);
    return open(path);
  },
  () => readFixture(toy),
);

describe("kg-fixtures/toy", () => {
  it("holds what its README says", async () => {
    const readme = await readFile(join(toy, "README.md"), "utf8");
    const stated = (what: string) => Number(new RegExp(`\\| ${what} \\| (\\d+) \\|`).exec(readme)?.[1]);
    const graph = await open(toy);
    const stats = await graphStats(graph);
    let aliases = 0;
    let weighted = 0;
    for await (const entity of graph.entities()) {
      aliases += entity.aliases.length;
      if (entity.properties.aliasWeights !== undefined) weighted++;
    }
    expect(graph.source).toBe("folder kg-fixtures/toy");
    expect([stated("entities"), stated("relations"), stated("triples")]).toEqual([
      stats.entities,
      stats.relations,
      stats.triples,
    ]);
    expect([stated("aliases"), stated("entities with `aliasWeights`")]).toEqual([aliases, weighted]);
    expect(stats.hubs.slice(0, 2)).toEqual([
      { id: "talvera", label: "Talvera", degree: 13 },
      { id: "norhavn", label: "Nørhavn", degree: 11 },
    ]);
    expect([stats.isolated, stats.duplicates, stats.loops]).toEqual([1, 0, 0]);
    expect(await graph.degree("aurelia")).toBe(0);
  });
});

describe("writeGraphFolder", () => {
  it("keeps ids with tabs, newlines, carriage returns and backslashes, and every field", async () => {
    const ids = ["a\tb", "a\nb", "a\\b", "a\\tb", "end\r", "\\", "灯"];
    const parts = {
      entities: ids.map((id) => ({
        id,
        label: `${id}!`,
        aliases: [id],
        types: ["t"],
        properties: { "k\n": [1, null] },
      })),
      relations: [{ id: "r\ts\\", label: "l" }],
      triples: ids.map((head, i) => ({ head, relation: "r\ts\\", tail: ids[(i + 1) % ids.length] as string })),
    };
    const path = join(scratch, "escaped");
    await writeGraphFolder(await buildGraph("escaped", parts), path);
    const graph = await open(path);
    const read = { entities: [] as unknown[], relations: [] as unknown[], triples: [] as unknown[] };
    for await (const entity of graph.entities()) read.entities.push(entity);
    for await (const relation of graph.relations()) read.relations.push(relation);
    for await (const triple of graph.triples()) read.triples.push(triple);
    expect(read).toEqual(parts);
  });

  it("replaces an older graph folder, and gives the same bytes again", async () => {
    const path = join(scratch, "again");
    await writeGraphFolder(await open(toy), path);
    const first = await Promise.all((await readdir(path)).map((name) => readFile(join(path, name), "utf8")));
    await writeGraphFolder(await open(path), path);
    const second = await Promise.all((await readdir(path)).map((name) => readFile(join(path, name), "utf8")));
    expect(second).toEqual(first);
    expect((await readdir(scratch)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("does not replace a folder that holds anything else, nor a file", async () => {
    const path = join(scratch, "precious");
    await mkdir(path);
    await writeFile(join(path, "thesis.tex"), "years of work");
    await expect(writeGraphFolder(await open(toy), path)).rejects.toThrow(
      `${path}: holds "thesis.tex", so it is not only a graph folder and is not replaced. Choose another folder, or empty this one.`,
    );
    expect(await readdir(path)).toEqual(["thesis.tex"]);
    await expect(writeGraphFolder(await open(toy), join(path, "thesis.tex"))).rejects.toThrow("is no folder");
  });
});

describe("folder refuses", () => {
  const good = { entities: '{"id":"a","label":"A"}\n{"id":"b","label":"B"}\n', triples: "a\tr\tb\n" };
  const cases: [what: string, files: { entities?: string; relations?: string; triples?: string }, message: string][] = [
    ["a missing label", { entities: '{"id":"a"}' }, 'entities.jsonl:1: has no "label". Wanted a string.'],
    ["an empty label", { entities: '{"id":"a","label":""}' }, 'entities.jsonl:1: "label" is empty.'],
    ["an id that is a number", { entities: '\n{"id":7,"label":"A"}' }, 'entities.jsonl:2: "id" is 7. Wanted a string.'],
    [
      "an unknown field",
      { entities: '{"id":"a","label":"A","alias":[]}' },
      'entities.jsonl:1: unknown field "alias". Known are id, label, aliases, description, types, properties. Did you mean "aliases"?',
    ],
    [
      "aliases that are no list",
      { entities: '{"id":"a","label":"A","aliases":"B"}' },
      'entities.jsonl:1: "aliases" is "B". Wanted a list of strings.',
    ],
    [
      "types that hold a number",
      { entities: '{"id":"a","label":"A","types":["x",1]}' },
      'entities.jsonl:1: "types" is ["x",1]. Wanted a list of strings.',
    ],
    [
      "a description that is no string",
      { entities: '{"id":"a","label":"A","description":null}' },
      'entities.jsonl:1: "description" is null. Wanted a string.',
    ],
    [
      "properties that are no object",
      { entities: '{"id":"a","label":"A","properties":[]}' },
      'entities.jsonl:1: "properties" is []. Wanted an object.',
    ],
    ["a line that is no object", { entities: "[1]" }, "entities.jsonl:1: is [1]. Wanted a JSON object."],
    ["a line that is no JSON", { entities: `${good.entities}{"id"` }, "entities.jsonl:3: is not JSON"],
    [
      "a doubled id",
      { entities: `${good.entities}{"id":"a","label":"C"}` },
      'entities.jsonl:3: entity "a" was already given at ',
    ],
    [
      "two fields",
      { triples: "a\tr\tb\na\tr" },
      "triples.tsv:2: has 2 fields. Wanted head, relation, tail separated by tabs.",
    ],
    ["one field", { triples: "a r b" }, "triples.tsv:1: has 1 field. Wanted head, relation, tail separated by tabs."],
    ["an empty field", { triples: "a\t\tb" }, "triples.tsv:1: has an empty field."],
    ["an unknown head", { triples: "x\tr\tb" }, 'triples.tsv:1: head "x" is not among the 2 entities.'],
    ["an unknown tail", { triples: "a\tr\tb\na\tr\tzzzz" }, 'triples.tsv:2: tail "zzzz" is not among the 2 entities.'],
    [
      "a wrong escape",
      { triples: "a\tr\\x\tb" },
      'triples.tsv:1: has "\\x" in "r\\x". Wanted \\t, \\n, \\r or \\\\. Write a backslash as \\\\.',
    ],
    ["an escape that ends", { triples: "a\tr\\\tb" }, 'triples.tsv:1: has "\\" in "r\\".'],
    [
      "a relation that the list lacks",
      { relations: '{"id":"r2","label":"R"}' },
      'triples.tsv:1: relation "r" is not among the 1 relations. Did you mean "r2"?',
    ],
    ["a relation without label", { relations: '{"id":"r"}' }, 'relations.jsonl:1: has no "label". Wanted a string.'],
    ["an empty graph", { entities: "", triples: "" }, "the graph is empty: it has no entity"],
  ];
  for (const [number, [what, files, message]] of cases.entries())
    it(what, async () => {
      const path = join(scratch, `case-${number}`);
      await mkdir(path);
      const { entities, triples, relations } = { ...good, relations: undefined, ...files };
      await writeFile(join(path, "entities.jsonl"), entities);
      await writeFile(join(path, "triples.tsv"), triples);
      if (relations !== undefined) await writeFile(join(path, "relations.jsonl"), relations);
      await expect(open(path)).rejects.toThrow(message);
      await expect(open(path)).rejects.toMatchObject({ name: "InputError", exitCode: 2 });
    });

  it("a folder that is not there or lacks a file", async () => {
    await expect(open(join(scratch, "nowhere"))).rejects.toThrow("entities.jsonl: no such file.");
    const path = join(scratch, "half");
    await mkdir(path);
    await writeFile(join(path, "entities.jsonl"), good.entities);
    await expect(open(path)).rejects.toThrow("triples.tsv: no such file.");
  });

  it("nothing but counts what is broken, where it is to be passed over", async () => {
    const path = join(scratch, "skipped");
    await mkdir(path);
    await writeFile(join(path, "entities.jsonl"), `${good.entities}{"id":"c"}\n{"id"\n{"id":"a","label":"B"}\n`);
    await writeFile(join(path, "triples.tsv"), "a\tr\tb\na\tr\na\tr\tc\n");
    const notes: string[] = [];
    const graph = await folder.create(
      { path, onError: "skip" },
      { progress: { ...silent, note: (text) => notes.push(text) } },
    );
    expect(await graph.counts()).toEqual({ entities: 2, relations: 1, triples: 1 });
    expect(notes).toEqual([
      expect.stringMatching(
        /entities\.jsonl: 3 broken lines passed over: .*entities\.jsonl:3: has no "label"\..*jsonl:4: is not JSON/,
      ),
      expect.stringMatching(
        /triples\.tsv: 2 broken lines passed over: .*triples\.tsv:2: has 2 fields\..*tail "c" is not among/,
      ),
    ]);
  });
});
