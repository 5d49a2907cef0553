import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import type { EmbeddingDefinition } from "./model.ts";
import { complex, distmult, rotate, transe } from "./models/index.ts";
import { toyIndex, toyWorld } from "./testing/toy-graph.ts";
import { trainEmbedding } from "./train-embedding.ts";

const definitions = { transe: transe as EmbeddingDefinition, distmult, complex, rotate };

beforeAll(async () => {
  await openBackend("wasm");
});

const made = (name: keyof typeof definitions, options: object) =>
  definitions[name].create(definitions[name].options.parse(options), {});

describe("a made world in which two facts imply a third", () => {
  const world = toyWorld(120, 1);
  const gates = [
    ["transe", { p: 2 }, 0.9],
    ["transe", { p: 1 }, 0.9],
    ["distmult", {}, 0.9],
    ["complex", {}, 0.9],
    ["rotate", {}, 0.8],
  ] as const;

  test.each(gates)("%s %o finds held-out citizenships", async (name, own, least) => {
    const model = made(name, { ...own, dimension: 20, epochs: 30, batchSize: 64, negatives: 256 });
    const { metrics } = await trainEmbedding({ ...world, model, streams: streams(5) });
    // Naming one of the five countries at random would reach .46.
    expect(metrics["link-prediction"]?.test.sides.tail.mrr).toBeGreaterThan(least);
  });

  const pairs = [
    ["transe", "margin"],
    ["complex", "softplus"],
    ["rotate", "self-adversarial"],
  ] as const;

  test.each(pairs)("%s learns with the %s loss too", async (name, loss) => {
    const model = made(name, { loss, dimension: 20, epochs: 40, batchSize: 64, negatives: 64, learningRate: 0.2 });
    const { metrics } = await trainEmbedding({ ...world, model, streams: streams(5) });
    expect(metrics["link-prediction"]?.test.sides.tail.mrr).toBeGreaterThan(0.8);
  });
});

const archive = process.env.KGRAFT_DATA && join(process.env.KGRAFT_DATA, "kg", "umls.tar.gz");
const missing =
  archive && existsSync(archive) ? "" : " (skipped: KGRAFT_DATA does not name a folder with kg/umls.tar.gz)";

test.skipIf(missing !== "")(`complex reaches a filtered MRR of .91 on UMLS in 13 epochs${missing}`, async () => {
  const read = (part: string) =>
    execFileSync("tar", ["xzOf", archive as string, `${part}.txt`], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => line.trim().split("\t") as [string, string, string]);
  const parts = ["train", "valid", "test"].map(read) as [string, string, string][][];
  const [train = [], validation = [], held = []] = parts;
  const all = toyIndex(parts.flat());
  expect([all.entityIds.length, all.relationIds.length]).toEqual([135, 46]);
  const part = (start: number, count: number) => ({
    ...all,
    triples: all.triples.slice(3 * start, 3 * (start + count)),
  });
  const { metrics } = await trainEmbedding({
    train: part(0, train.length),
    validation: part(train.length, validation.length),
    test: part(train.length + validation.length, held.length),
    model: made("complex", { dimension: 200, epochs: 13, batchSize: 256 }),
    streams: streams(1),
  });
  const found = metrics["link-prediction"]?.test;
  expect(found?.triples).toBe(661);
  expect(found?.mrr).toBeGreaterThan(0.91);
  expect(found?.["hits@10"]).toBeGreaterThan(0.98);
});
