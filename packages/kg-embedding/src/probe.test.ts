import { streams } from "@kgraft/runtime";
import { openBackend, tf } from "@kgraft/tensor";
import { beforeAll, expect, test } from "vitest";
import { probeTypes } from "./probe.ts";
import { randomVectors, vectorTable } from "./vector-table.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

const COUNT = 600;
const TYPES = ["place", "person", "work"];
const ids = Array.from({ length: COUNT }, (_, i) => `e${i}`);
/** Half of the entities are places. */
const types = new Map(ids.map((id, i) => [id, TYPES[i % 4 < 2 ? 0 : (i % 4) - 1] as string]));

/** Noise, with the type's own direction added at a strength. */
function typedVectors(strength: number) {
  const values = streams(1)
    .at("probe-test")
    .fillNormal(new Float32Array(COUNT * 10), 1);
  for (const [i, id] of ids.entries()) {
    const at = i * 10 + TYPES.indexOf(types.get(id) as string);
    values[at] = (values[at] as number) + strength;
  }
  return vectorTable(ids, values, 10);
}

test("tells types that vectors hold, and no more than the majority where they hold none", () => {
  const clear = probeTypes(typedVectors(20), types, { streams: streams(3) });
  expect(clear).toMatchObject({ accuracy: 1, types: 3, entities: COUNT });
  expect(clear.majority).toBeGreaterThan(0.4);
  expect(clear.majority).toBeLessThan(0.6);
  const some = probeTypes(typedVectors(2), types, { streams: streams(3) });
  expect(some.accuracy).toBeGreaterThan(0.75);
  expect(some.accuracy).toBeLessThan(1);
  const none = probeTypes(randomVectors(typedVectors(2), streams(2)), types, { streams: streams(3) });
  expect(none.accuracy).toBeLessThan(none.majority + 0.06);
});

test("is the same again, leaves no tensor, and can take fewer entities", () => {
  const before = tf.memory().numTensors;
  const once = probeTypes(typedVectors(2), types, { streams: streams(3) });
  expect(probeTypes(typedVectors(2), types, { streams: streams(3) })).toEqual(once);
  expect(tf.memory().numTensors).toBe(before);
  expect(probeTypes(typedVectors(20), types, { streams: streams(3), maxEntities: 100 }).entities).toBe(100);
  const scale = typedVectors(2).values.map((value) => 1000 * value + 5);
  expect(probeTypes(vectorTable(ids, scale, 10), types, { streams: streams(3) }).accuracy).toBeCloseTo(
    once.accuracy,
    1,
  );
});

test("one type, or no entity with a vector, is refused", () => {
  const one = new Map(ids.map((id) => [id, "thing"]));
  expect(() => probeTypes(typedVectors(2), one, { streams: streams(3) })).toThrow(
    "kg-embedding.probeTypes: 600 entities with a vector and a type, distinct types: thing. Wanted at least 10 entities of at least 2 types.",
  );
  expect(() => probeTypes(typedVectors(2), new Map([["other", "thing"]]), { streams: streams(3) })).toThrow(
    "0 entities with a vector and a type, distinct types: none",
  );
});
