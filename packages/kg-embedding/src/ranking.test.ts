import { streams } from "@kgraft/runtime";
import { openBackend } from "@kgraft/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import type { EmbeddingTables } from "./embedding-tables.ts";
import { initialTables } from "./embedding-tables.ts";
import type { EmbeddingDefinition, EmbeddingModel } from "./model.ts";
import { complex, transe } from "./models/index.ts";
import { type RankingResult, rankTriples } from "./ranking.ts";
import { referenceScores } from "./testing/reference-model.ts";
import { toyWorld } from "./testing/toy-graph.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

const world = toyWorld(60, 4);
const { entityIds, relationIds } = world.train;
const R = relationIds.length;
const known = [world.train.triples, world.validation.triples, world.test.triples];

const made = (definition: EmbeddingDefinition, own: object = {}): EmbeddingModel =>
  definition.create(definition.options.parse({ dimension: 8, deviation: 0.5, ...own }), {});

const rank = (model: EmbeddingModel, tables: EmbeddingTables, more: object = {}): Promise<RankingResult> =>
  rankTriples({ model, tables, relationIds, triples: world.test.triples, known, streams: streams(1), ...more });

/** Ranks every triple by itself, from the definition, with scores in double precision. */
function bruteForce(name: string, model: EmbeddingModel, tables: EmbeddingTables) {
  const row = ({ values, width }: EmbeddingTables["entity"], i: number) =>
    Array.from(values.subarray(i * width, (i + 1) * width));
  const score = referenceScores[name] as (typeof referenceScores)[string];
  const entities = entityIds.map((_, i) => row(tables.entity, i));
  const isKnown = new Set<string>();
  for (const triples of known)
    for (let i = 0; i < triples.length; i += 3) isKnown.add(triples.subarray(i, i + 3).join(" "));
  const ranks: { rank: number; candidates: number }[] = [];
  for (let i = 0; i < world.test.triples.length; i += 3) {
    const [head, relation, tail] = world.test.triples.subarray(i, i + 3) as unknown as [number, number, number];
    for (const side of ["tail", "head"]) {
      const answer = side === "tail" ? tail : head;
      const scoreOf = (candidate: number) => {
        if (side === "tail")
          return score(entities[head] ?? [], row(tables.relation, relation), entities[candidate] ?? []);
        return model.options.reciprocal
          ? score(entities[tail] ?? [], row(tables.relation, R + relation), entities[candidate] ?? [])
          : score(entities[candidate] ?? [], row(tables.relation, relation), entities[tail] ?? []);
      };
      const rivals = entityIds
        .map((_, candidate) => candidate)
        .filter((candidate) => {
          const triple = side === "tail" ? [head, relation, candidate] : [candidate, relation, tail];
          return candidate !== answer && !isKnown.has(triple.join(" "));
        });
      const higher = rivals.filter((candidate) => scoreOf(candidate) > scoreOf(answer)).length;
      ranks.push({ rank: 1 + higher, candidates: rivals.length + 1 });
    }
  }
  return ranks;
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.each([
  ["transe-2", made(transe as EmbeddingDefinition)],
  ["transe-2", made(transe as EmbeddingDefinition, { reciprocal: false })],
  ["complex", made(complex)],
  ["complex", made(complex, { reciprocal: false })],
])("%s %#", (name, model) => {
  const tables = initialTables(model, entityIds.length, R, streams(2));

  test("grouped, filtered ranks equal those of single triples", async () => {
    const wanted = bruteForce(name, model, tables);
    const found = await rank(model, tables);
    expect(found.triples).toBe(world.test.triples.length / 3);
    expect(found.sampled).toBe(false);
    expect(found.mr).toBeCloseTo(mean(wanted.map(({ rank }) => rank)), 6);
    expect(found.mrr).toBeCloseTo(mean(wanted.map(({ rank }) => 1 / rank)), 6);
    expect(found["hits@10"]).toBeCloseTo(mean(wanted.map(({ rank }) => Number(rank <= 10))), 6);
    const expected = mean(wanted.map(({ candidates }) => (candidates + 1) / 2));
    expect(found.amri).toBeCloseTo(1 - (found.mr - 1) / (expected - 1), 6);
  });

  test("sides and relations add up to the whole; kinds of ranks stand in order", async () => {
    const found = await rank(model, tables);
    expect((found.sides.head.mr + found.sides.tail.mr) / 2).toBeCloseTo(found.mr, 6);
    expect(Object.keys(found.relations)).toEqual(["citizen of"]);
    expect(found.relations["citizen of"]?.mrr).toBeCloseTo(found.mrr, 9);
    for (const metrics of [found, found.sides.head, found.sides.tail]) {
      expect(metrics.optimistic.mr).toBeLessThanOrEqual(metrics.mr);
      expect(metrics.mr).toBeLessThanOrEqual(metrics.pessimistic.mr);
      expect(metrics.optimistic.mrr).toBeGreaterThanOrEqual(metrics.mrr);
      expect(metrics.mrr).toBeGreaterThanOrEqual(metrics.pessimistic.mrr);
    }
  });

  test("the filter only lifts ranks", async () => {
    const raw = await rank(model, tables, { known: [] });
    const filtered = await rank(model, tables);
    expect(filtered.mr).toBeLessThan(raw.mr);
  });

  test("other numbers for entities give the same metrics", async () => {
    const order = streams(9).at("renumber").permutation(entityIds.length);
    const moved = { ...tables, entity: { ...tables.entity, values: new Float32Array(tables.entity.values.length) } };
    const { width, rows } = tables.entity;
    for (const [from, to] of order.entries())
      moved.entity.values.set(tables.entity.values.subarray(from * width, (from + 1) * width), to * width);
    const renumber = (triples: Int32Array) => triples.map((n, i) => (i % 3 === 1 ? n : (order[n] as number)));
    const entity = { rows, width, values: moved.entity.values };
    const triples = renumber(world.test.triples);
    const found = await rank(model, { ...tables, entity }, { triples, known: known.map(renumber) });
    expect(found).toEqual(await rank(model, tables));
  });
});

test("a model that scores all alike ranks as by chance", async () => {
  const model = made(complex);
  const zero = (rows: number) => ({ rows, width: 8, values: new Float32Array(rows * 8) });
  const found = await rank(model, { entity: zero(entityIds.length), relation: zero(2 * R) });
  expect(found.amri).toBeCloseTo(0, 12);
  expect(found.optimistic).toMatchObject({ mr: 1, mrr: 1, "hits@1": 1 });
  expect(found.mr).toBeCloseTo((1 + found.pessimistic.mr) / 2, 9);
});

test("a sample says that it is one and is the same again", async () => {
  const model = made(complex);
  const tables = initialTables(model, entityIds.length, R, streams(2));
  const some = await rank(model, tables, { maxTriples: 5 });
  expect(some).toMatchObject({ triples: 5, of: world.test.triples.length / 3, sampled: true });
  expect(await rank(model, tables, { maxTriples: 5 })).toEqual(some);
  expect((await rank(model, tables, { maxTriples: 5, streams: streams(2) })).mr).not.toBe(some.mr);
  expect(await rank(model, tables, { maxTriples: 1000 })).toEqual(await rank(model, tables));
});

test("no triples and scores that are not finite are refused", async () => {
  const model = made(complex);
  const tables = initialTables(model, entityIds.length, R, streams(2));
  await expect(rank(model, tables, { triples: new Int32Array() })).rejects.toThrow(
    "kg-embedding.rankTriples: there are 0 triples to rank. Wanted at least one. Hold some triples out for the test.",
  );
  tables.entity.values[0] = Number.NaN;
  await expect(rank(model, tables)).rejects.toThrow(
    "kg-embedding.complex: a score is not a finite number. Wanted vectors of finite numbers. Lower learningRate (0.1) and train again.",
  );
});
