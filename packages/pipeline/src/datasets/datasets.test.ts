import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tsv } from "@kgraft/kg";
import { collect, silent } from "@kgraft/runtime";
import type { Splits } from "@kgraft/tasks";
import { describe, expect, it, onTestFinished } from "vitest";
import { triples } from "../corpora/triples.ts";
import type { DatasetDefinition } from "./dataset-definition.ts";
import { fewrel } from "./fewrel.ts";
import { graphTriples } from "./graph-triples.ts";
import { kBertClassification, kBertNer } from "./k-bert-tables.ts";
import { openEntity } from "./open-entity.ts";
import { nations, umls, wn18rr } from "./triple-benchmarks.ts";

const data = process.env.KGRAFT_DATA ?? "";
const noData = data === "" ? " (skipped: KGRAFT_DATA is not set)" : "";

// biome-ignore lint/suspicious/noExplicitAny: data sets of every option type
const open = (dataset: DatasetDefinition<any>, options: Record<string, unknown>): Promise<Splits> =>
  dataset.create(dataset.options.parse(options), {
    graph: () => Promise.reject(new Error("no graph is asked for")),
    progress: silent,
  });

const sizes = ({ train, validation, test }: Splits) => [train.length, validation.length, test.length];

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kgraft-datasets-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

describe("K-BERT's tables", () => {
  it("of tags become spans over joined characters", async () => {
    const rows = "text_a\tlabel\n头 痛 7 天\tB-Symptom I-Symptom O O\n痛\tI-Symptom\n";
    const path = await folderOf({ "n.train.tsv": rows, "n.dev.tsv": rows, "n.test.tsv": rows });
    const { train } = await open(kBertNer, { path, table: "n" });
    expect(train).toEqual([
      { id: "train-1", text: "头痛7天", spans: [{ start: 0, end: 2, label: "Symptom" }] },
      { id: "train-2", text: "痛", spans: [{ start: 0, end: 1, label: "Symptom" }] },
    ]);
  });

  it("of sentences may hold pairs", async () => {
    const rows = "label\ttext_a\ttext_b\n1\ta b\tc\n";
    const path = await folderOf({ "s.train.tsv": rows, "s.dev.tsv": rows, "s.test.tsv": rows });
    const { test } = await open(kBertClassification, { path, table: "s" });
    expect(test).toEqual([{ id: "test-1", text: "a b", pair: "c", labels: ["1"] }]);
  });

  it.each([
    ["label\ttext_a\n1\n", kBertClassification, "t.train.tsv:2: has 1 columns. Wanted the columns label, text_a."],
    ["text_a\tlabel\na b\tO\n", kBertNer, "t.train.tsv:2: has 2 characters and 1 tags. Wanted a tag for each"],
    ["label\tother\n1\tx\n", kBertClassification, "t.train.tsv:2: there is no column text_a"],
  ] as const)("refuse %j", async (rows, dataset, message) => {
    const path = await folderOf({ "t.train.tsv": rows, "t.dev.tsv": rows, "t.test.tsv": rows });
    await expect(open(dataset, { path, table: "t" })).rejects.toThrow(message);
  });

  it("are named where they are missing", async () => {
    await expect(open(kBertNer, { path: await folderOf({}), table: "t" })).rejects.toThrow(
      "t.train.tsv: no such file, nor with .gz. Wanted the data set's own files. Check path",
    );
  });
});

describe("Open Entity", () => {
  it("joins tokens, opens brackets, keeps general types and lines without any", async () => {
    const line = (mention: string, labels: string[]) =>
      JSON.stringify({
        left_context_token: ["He", "-LRB-"],
        mention_span: mention,
        right_context_token: ["-RRB-", "left"],
        y_str: labels,
      });
    const rows = `${line("the boss", ["leader", "person"])}\n${line("an idea", ["concept"])}\n`;
    const path = await folderOf({ "train.json": rows, "dev.json": rows, "test.json": rows });
    const { train } = await open(openEntity, { path });
    expect(train.map(({ text, labels }) => [text, labels])).toEqual([
      ["He ( the boss ) left", ["person"]],
      ["He ( an idea ) left", []],
    ]);
    expect(train[0]?.text.slice(train[0].target?.start, train[0].target?.end)).toBe("the boss");
    await writeFile(join(path, "test.json"), "{}\n");
    await expect(open(openEntity, { path })).rejects.toThrow("test.json:1: is no line of the crowd-labelled data");
  });
});

describe.skipIf(data === "")(`published data sets${noData}`, () => {
  it("have the numbers of lines that they are known by", async () => {
    expect(sizes(await open(openEntity, { path: join(data, "open-entity") }))).toEqual([1998, 1998, 1998]);
    const tables = join(data, "k-bert");
    const ner = await open(kBertNer, { path: tables, table: "medical_ner" });
    expect(sizes(ner)).toEqual([6919, 939, 755]);
    expect(ner.test.flatMap(({ spans = [] }) => spans)).toHaveLength(2722);
    const reviews = await open(kBertClassification, { path: tables, table: "book_review", train: 100, test: 50 });
    expect(sizes(reviews)).toEqual([100, 10_000, 50]);
    expect(sizes(await open(fewrel, { path: join(data, "fewrel") })).reduce((a, b) => a + b)).toBe(29_400);
  });

  it("of Open Entity's test lines have 1,904 general labels, 400 lines none", async () => {
    const { test } = await open(openEntity, { path: join(data, "open-entity") });
    expect(test.flatMap(({ labels = [] }) => labels)).toHaveLength(1904);
    expect(test.filter(({ labels = [] }) => labels.length === 0)).toHaveLength(400);
  });
});

describe("benchmarks of triples", () => {
  it.skipIf(data === "")(`have their published sizes, every id in words${noData}`, async () => {
    const path = join(data, "kg");
    const umlsSplits = await open(umls, { path });
    expect(sizes(umlsSplits)).toEqual([5216, 652, 661]);
    expect(umlsSplits.train[0]?.text).toBe("acquired abnormality location of experimental model of disease");
    const nationsSplits = await open(nations, { path });
    expect(sizes(nationsSplits)).toEqual([1592, 199, 201]);
    expect(nationsSplits.train[0]?.triple?.tail).toEqual({ id: "uk", text: "uk" });
  });

  it.skipIf(data === "")(`are sampled so that every triple stays among the kept entities${noData}`, async () => {
    const { train, validation, test } = await open(wn18rr, { path: join(data, "kg"), entities: 300 });
    const ends = [...train, ...validation, ...test].flatMap(({ triple }) => [triple?.head.id, triple?.tail.id]);
    expect(new Set(ends).size).toBeLessThanOrEqual(300);
    expect(new Set(train.flatMap(({ triple }) => [triple?.head.id, triple?.tail.id])).size).toBe(300);
    expect(test.length).toBeGreaterThan(0);
  });

  it("are named where they are missing or no archive", async () => {
    await expect(open(umls, { path: await folderOf({}) })).rejects.toThrow("umls.tar.gz: no such file");
    await expect(open(umls, { path: await folderOf({ "umls.tar.gz": "no archive" }) })).rejects.toThrow(
      "umls.tar.gz: is not a tar archive under gzip",
    );
  });
});

describe("triples of a graph", () => {
  const noLinker = () => Promise.reject(new Error("no linker is asked for"));
  const graph = () => tsv.create(tsv.options.parse({ path: "kg-fixtures/toy/triples.tsv" }), { progress: silent });

  it("are divided, each with its words", async () => {
    const given = graphTriples.options.parse({ validation: 0.1, test: 0.2 });
    const splits = await graphTriples.create(given, { graph, progress: silent });
    const [train = 0, , test = 0] = sizes(splits);
    expect(train + (splits.validation.length ?? 0) + test).toBe(42);
    expect(test).toBeGreaterThan(0);
    expect(splits.train[0]?.text).toBe(
      `${splits.train[0]?.triple?.head.text} ${splits.train[0]?.triple?.relation.text} ${splits.train[0]?.triple?.tail.text}`,
    );
  });

  it("make a corpus of true and false ones, without those left out", async () => {
    const all = await collect(
      triples.create(triples.options.parse({}), { graph, linker: noLinker, leaveOut: [], progress: silent }),
    );
    const texts = (label: string) => all.filter(({ labels }) => labels?.[0] === label).map(({ text }) => text);
    expect([texts("1").length, texts("0").length]).toEqual([42, 42]);
    expect(texts("0").filter((text) => texts("1").includes(text))).toEqual([]);
    const leaveOut = [{ text: texts("1")[0] as string }];
    const fewer = await collect(
      triples.create(triples.options.parse({ limit: 50 }), { graph, linker: noLinker, leaveOut, progress: silent }),
    );
    expect(fewer.filter(({ labels }) => labels?.[0] === "1")).toHaveLength(41);
  });
});
