import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEmbeddingFolder, readEntityVectors, writeEmbeddingFolder } from "./embedding-folder.ts";
import { rotate } from "./models/index.ts";
import { toyIndex, toyWorld } from "./testing/toy-graph.ts";
import { type Embedding, trainEmbedding } from "./train-embedding.ts";

const folder = mkdtempSync(join(tmpdir(), "kgraft-embedding-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

const world = toyWorld(30, 4);
const model = rotate.create(rotate.options.parse({ dimension: 6, epochs: 1, negatives: 10 }), {});
let embedding: Embedding;
let written: string;
let count = 0;

beforeAll(async () => {
  await openBackend("wasm");
  embedding = await trainEmbedding({ train: world.train, test: world.test, model, streams: streams(3) });
  written = join(folder, "whole");
  await writeEmbeddingFolder(written, { ...embedding, metrics: { ...embedding.metrics, probe: { accuracy: 0.5 } } });
});

/** A fresh copy of the written folder, to be damaged. */
async function copy(): Promise<string> {
  count++;
  const path = join(folder, `copy-${count}`);
  await writeEmbeddingFolder(path, embedding);
  return path;
}

test("reads back what it wrote", async () => {
  const read = await readEmbeddingFolder(written);
  expect(read.vectors).toEqual(embedding.vectors);
  expect(read.relations).toEqual(embedding.relations);
  expect(read.model).toEqual(embedding.model);
  expect(read.history).toEqual(embedding.history);
  expect(read.metrics.probe).toEqual({ accuracy: 0.5 });
  expect(read.metrics["link-prediction"]).toEqual(embedding.metrics["link-prediction"]);
  expect(await readEntityVectors(written)).toEqual(embedding.vectors);
});

test("writes the files and names that other tools read", async () => {
  expect(readdirSync(written).toSorted()).toEqual([
    "embedding.safetensors",
    "entities.txt",
    "metrics.json",
    "relations.txt",
  ]);
  expect(readFileSync(join(written, "entities.txt"), "utf8")).toBe(`${world.train.entityIds.join("\n")}\n`);
  expect(readFileSync(join(written, "relations.txt"), "utf8").trimEnd().split("\n").slice(-3)).toEqual(
    world.train.relationIds.map((id) => `${id}^-1`),
  );
  const metrics = JSON.parse(readFileSync(join(written, "metrics.json"), "utf8"));
  expect(metrics).toMatchObject({ model: "rotate", seed: 3, reciprocal: true, entities: world.train.entityIds.length });
  expect(metrics["link-prediction"].test["hits@10"]).toBeGreaterThanOrEqual(0);
  // The header by hand: its length, then JSON.
  const file = readFileSync(join(written, "embedding.safetensors"));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length));
  const rows = world.train.entityIds.length;
  expect(header.entity).toMatchObject({ dtype: "F32", shape: [rows, 6] });
  expect(header.relation).toMatchObject({ dtype: "F32", shape: [6, 3] });
  const [begin] = header.entity.data_offsets;
  expect(file.readFloatLE(8 + length + begin)).toBe(embedding.vectors.values[0]);
});

test("the same embedding gives the same bytes, over an older folder too", async () => {
  const path = await copy();
  await writeEmbeddingFolder(path, embedding);
  const again = await copy();
  for (const name of readdirSync(path)) expect(readFileSync(join(path, name))).toEqual(readFileSync(join(again, name)));
});

test("ids that cannot stand on a line are refused before anything is written", async () => {
  const bad: [string, string][] = [
    ["a\nb", 'the id "a\\nb" has a line break'],
    ["a\r", 'the id "a\\r" has a line break'],
    ["\ufeffa", "begins with a byte order mark"],
    ["a\ud800", "holds half a surrogate pair"],
  ];
  for (const [id, problem] of bad) {
    const train = toyIndex([[id, "r", "b"]]);
    const trained = await trainEmbedding({ train, model, streams: streams(3) });
    await expect(writeEmbeddingFolder(join(folder, "bad"), trained)).rejects.toThrow(problem);
  }
  expect(readdirSync(folder)).not.toContain("bad");
});

test("ids of any other kind survive", async () => {
  const train = toyIndex([
    ["", "r\t\\n", " spaced "],
    ["Ünï→😀", "r\t\\n", "#1\u2028x"],
  ]);
  const path = join(folder, "odd");
  await writeEmbeddingFolder(path, await trainEmbedding({ train, model, streams: streams(3) }));
  expect((await readEmbeddingFolder(path)).vectors.ids).toEqual(train.entityIds);
});

test("missing and damaged folders are refused with the file", async () => {
  const nowhere = join(folder, "nowhere");
  await expect(readEmbeddingFolder(nowhere)).rejects.toThrow(
    `${join(nowhere, "metrics.json")}: no such file. Wanted a folder written by \`kgraft embed\``,
  );
  const damaged = await copy();
  writeFileSync(join(damaged, "entities.txt"), "one\ntwo\n");
  await expect(readEntityVectors(damaged)).rejects.toThrow(
    `${join(damaged, "entities.txt")}: is not the list that metrics.json was written with`,
  );
  writeFileSync(join(damaged, "metrics.json"), "{");
  await expect(readEmbeddingFolder(damaged)).rejects.toThrow(`${join(damaged, "metrics.json")}: is not JSON`);
  writeFileSync(join(damaged, "metrics.json"), '{"model": "transe"}');
  await expect(readEmbeddingFolder(damaged)).rejects.toThrow(/metrics\.json: options: /);
  const other = await copy();
  rmSync(join(other, "embedding.safetensors"));
  await expect(readEmbeddingFolder(other)).rejects.toThrow(`${join(other, "embedding.safetensors")}: no such file`);
});

test("a table of another size is refused", async () => {
  const [path, smaller] = [await copy(), join(folder, "smaller")];
  const train = toyIndex([["a", "r", "b"]]);
  await writeEmbeddingFolder(smaller, await trainEmbedding({ train, model, streams: streams(3) }));
  writeFileSync(join(path, "embedding.safetensors"), readFileSync(join(smaller, "embedding.safetensors")));
  await expect(readEmbeddingFolder(path)).rejects.toThrow(
    `${join(path, "embedding.safetensors")}: entity has shape [2, 6]. Wanted a row for each of the ${world.train.entityIds.length} ids`,
  );
});
