import { streams } from "@kgraft/runtime";
import { expect, test } from "vitest";
import { meanNorm, randomVectors, scaleVectors, selectVectors, shuffledVectors, vectorTable } from "./vector-table.ts";

const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
const vectors = vectorTable(ids, streams(1).at("v").fillNormal(new Float32Array(120), 2), 3);
const rowOf = (table: typeof vectors, id: string) => {
  const row = table.row.get(id) as number;
  return Array.from(table.values.subarray(row * 3, row * 3 + 3));
};

test("scales all rows by one number to the mean length", () => {
  const scaled = scaleVectors(vectors, { meanNorm: 3 });
  expect(meanNorm(scaled)).toBeCloseTo(3, 5);
  const factor = (scaled.values[0] as number) / (vectors.values[0] as number);
  for (const [i, value] of scaled.values.entries())
    expect(value).toBeCloseTo(factor * (vectors.values[i] as number), 5);
});

test("random vectors keep ids and mean length and depend on the seed alone", () => {
  const random = randomVectors(vectors, streams(4));
  expect(random.ids).toBe(vectors.ids);
  expect(meanNorm(random)).toBeCloseTo(meanNorm(vectors), 5);
  expect(random.values).toEqual(randomVectors(vectors, streams(4)).values);
  expect(random.values).not.toEqual(randomVectors(vectors, streams(5)).values);
  expect(random.values).not.toEqual(vectors.values);
});

test("shuffled vectors are the same vectors, none where it was", () => {
  const shuffled = shuffledVectors(vectors, streams(4));
  const all = (table: typeof vectors) => ids.map((id) => rowOf(table, id).join(" "));
  expect(all(shuffled).toSorted()).toEqual(all(vectors).toSorted());
  for (const id of ids) expect(rowOf(shuffled, id)).not.toEqual(rowOf(vectors, id));
});

test("a missing entity gets zeros and is named, or is an error", () => {
  const { vectors: chosen, missing } = selectVectors(vectors, ["e7", "new", "e2"], "zero");
  expect(missing).toEqual(["new"]);
  expect(rowOf(chosen, "e7")).toEqual(rowOf(vectors, "e7"));
  expect(rowOf(chosen, "new")).toEqual([0, 0, 0]);
  expect(() => selectVectors(vectors, ["e7", "new"], "error")).toThrow(
    "kg-embedding.selectVectors: 1 of 2 entities have no vector: new. Wanted a vector for each.",
  );
});

test("tables that do not fit and lengths that cannot be are refused", () => {
  expect(() => vectorTable(["a", "b", "a"], new Float32Array(6), 2)).toThrow('the id "a" is there twice');
  expect(() => vectorTable(["a", "b"], new Float32Array(5), 2)).toThrow("5 numbers for 2 ids of 2. Wanted 4");
  for (const wrong of [0, -1, Number.NaN])
    expect(() => scaleVectors(vectors, { meanNorm: wrong })).toThrow(
      `meanNorm is ${wrong}. Wanted a finite number > 0`,
    );
  const zeros = vectorTable(["a"], new Float32Array(2), 2);
  expect(() => scaleVectors(zeros, { meanNorm: 1 })).toThrow("all vectors are zero");
  expect(randomVectors(zeros, streams(1)).values).toEqual(zeros.values);
});
