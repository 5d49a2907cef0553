import { streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import type { EmbeddingDefinition, EmbeddingModel } from "../model.ts";
import { referenceScores } from "../testing/reference-model.ts";
import { complex, distmult, rotate, transe } from "./index.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

const DIMENSION = 8;
const COUNT = 7;

const made = (definition: EmbeddingDefinition, own: object = {}): EmbeddingModel =>
  definition.create(definition.options.parse({ dimension: DIMENSION, ...own }), {});

const models: readonly [string, EmbeddingModel][] = [
  ["transe-1", made(transe as EmbeddingDefinition, { p: 1 })],
  ["transe-2", made(transe as EmbeddingDefinition, { p: 2 })],
  ["distmult", made(distmult)],
  ["complex", made(complex)],
  ["rotate", made(rotate)],
];

const rows = (name: string, width: number, count = COUNT): number[][] => {
  const draw = streams(3).at(name);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => draw.normal()));
};

/** Every head against every tail through the tail's and the head's queries, [COUNT, COUNT] with heads down. */
function scores(model: EmbeddingModel, heads: number[][], relations: number[][], tails: number[][]) {
  return tf.tidy(() => {
    const [h, r, t] = [tf.tensor2d(heads), tf.tensor2d(relations), tf.tensor2d(tails)];
    const byTail = model.comparison.all(model.tailQuery.query(h, r), t);
    const byHead = tf.transpose(model.comparison.all(model.headQuery.query(t, r), h));
    const pairs = model.comparison.pairs(model.tailQuery.query(h, r), t);
    return { byTail: byTail.arraySync(), byHead: byHead.arraySync() as number[][], pairs: pairs.arraySync() };
  });
}

describe.each(models)("%s", (name, model) => {
  const heads = rows("heads", model.entityWidth);
  const tails = rows("tails", model.entityWidth);
  const relation = rows("relation", model.relationWidth, 1)[0] as number[];
  const relations = Array.from({ length: COUNT }, () => relation);
  const wanted = heads.map((head) => tails.map((tail) => referenceScores[name]?.(head, relation, tail) as number));

  test("scores as the paper's equation, asked from either side, in pairs or against all", () => {
    const found = scores(model, heads, relations, tails);
    for (const [i, row] of wanted.entries())
      for (const [j, score] of row.entries()) {
        const tolerance = 1e-5 * Math.max(1, Math.abs(score));
        expect(Math.abs((found.byTail[i]?.[j] as number) - score)).toBeLessThan(tolerance);
        expect(Math.abs((found.byHead[i]?.[j] as number) - score)).toBeLessThan(tolerance);
        if (i === j) expect(Math.abs((found.pairs[i]?.[0] as number) - score)).toBeLessThan(tolerance);
      }
  });

  test("the inverse relation asks the same with head and tail exchanged", () => {
    const inverse: Record<string, (r: number[]) => number[]> = {
      "transe-1": (r) => r.map((x) => -x),
      "transe-2": (r) => r.map((x) => -x),
      distmult: (r) => r,
      complex: (r) => r.map((x, i) => (i < r.length / 2 ? x : -x)),
      rotate: (r) => r.map((x) => -x),
    };
    const back = relations.map(inverse[name] as (r: number[]) => number[]);
    const there = scores(model, heads, relations, tails).byTail;
    const again = scores(model, tails, back, heads).byTail;
    for (let i = 0; i < COUNT; i++)
      for (let j = 0; j < COUNT; j++) expect(again[j]?.[i]).toBeCloseTo(there[i]?.[j] as number, 4);
  });
});

test("a dimension that complex rows cannot halve is refused", () => {
  for (const definition of [complex, rotate])
    expect(() => definition.create(definition.options.parse({ dimension: 7 }), {})).toThrow(
      `kg-embedding.${definition.name}: dimension is 7. Wanted an even number: half of it holds real parts, half imaginary parts. Use 8.`,
    );
});

test("near its own answer a Euclidean score stays within 1e-3 of the exact one", () => {
  const { comparison } = made(transe as EmbeddingDefinition);
  const points = rows("near", DIMENSION);
  const near = points.map((row) => row.map((x, i) => x + (i === 0 ? 1e-4 : 0)));
  const [all, pairs] = tf.tidy(() => {
    const [q, e] = [tf.tensor2d(points), tf.tensor2d(near)];
    return [comparison.all(q, e).arraySync(), comparison.pairs(q, e).arraySync()];
  }) as [number[][], number[][]];
  for (let i = 0; i < COUNT; i++)
    expect(Math.abs((all[i]?.[i] as number) - (pairs[i]?.[0] as number))).toBeLessThan(2e-3);
});

test("long candidate lists are worked through in blocks without a change", () => {
  const model = made(rotate);
  const [queries, many] = [rows("queries", DIMENSION, 300), rows("many", DIMENSION, 700)];
  const whole = tf.tidy(() => model.comparison.all(tf.tensor2d(queries), tf.tensor2d(many)).arraySync());
  const single = tf.tidy(() => model.comparison.all(tf.tensor2d(queries.slice(41, 42)), tf.tensor2d(many)).arraySync());
  expect(whole[41]).toEqual(single[0]);
});
