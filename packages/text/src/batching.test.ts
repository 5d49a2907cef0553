import { streams } from "@kgraft/runtime";
import fc from "fast-check";
import { expect, it } from "vitest";
import { bucketBatches, paddedLength } from "./index.ts";

const draw = (epoch: number) => streams(9).at("batches", epoch);
const lengths = Array.from({ length: 1000 }, (_, i) => 4 + ((i * 7919) % 120));

it("holds every example once, in batches that it fits", () => {
  const anyLengths = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 });
  const sizes = fc.oneof(
    fc.record({ batchSize: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ batchTokens: fc.integer({ min: 1, max: 4000 }) }),
  );
  fc.assert(
    fc.property(anyLengths, sizes, fc.boolean(), (some, size, shuffled) => {
      const batches = bucketBatches(some, { ...size, draw: shuffled ? draw(0) : undefined });
      expect(batches.flatMap(({ indices }) => indices).sort((a, b) => a - b)).toEqual([...some.keys()]);
      for (const { indices, length } of batches) {
        expect(Math.max(...indices.map((i) => some[i] as number))).toBeLessThanOrEqual(length);
        expect(length).toBeLessThanOrEqual(Math.max(1, ...some));
        if ("batchSize" in size) expect(indices.length).toBeLessThanOrEqual(size.batchSize);
        else expect(indices.length === 1 || indices.length * length <= size.batchTokens).toBe(true);
      }
    }),
    { seed: 2 },
  );
});

it("leaves at most one batch that is not full, and few shapes", () => {
  const batches = bucketBatches(lengths, { batchSize: 32, draw: draw(0) });
  expect(batches.filter(({ indices }) => indices.length !== 32)).toHaveLength(1);
  expect(new Set(batches.map(({ length }) => length)).size).toBeLessThanOrEqual(13);
  const padded = batches.reduce((sum, { indices, length }) => sum + indices.length * length, 0);
  expect(lengths.reduce((sum, length) => sum + length, 0) / padded).toBeGreaterThan(0.88);
});

it("depends on the epoch's stream and on nothing else", () => {
  expect(bucketBatches(lengths, { batchSize: 8, draw: draw(1) })).toEqual(
    bucketBatches(lengths, { batchSize: 8, draw: draw(1) }),
  );
  expect(bucketBatches(lengths, { batchSize: 8, draw: draw(1) })).not.toEqual(
    bucketBatches(lengths, { batchSize: 8, draw: draw(2) }),
  );
});

it("goes by length, then index, without a stream", () => {
  expect(bucketBatches([9, 3, 17, 4, 12], { batchSize: 2 })).toEqual([
    { indices: [1, 3], length: 8 },
    { indices: [0, 4], length: 16 },
    { indices: [2], length: 17 },
  ]);
  expect(bucketBatches([], { batchSize: 2 })).toEqual([]);
});

it("rounds lengths up to ever coarser steps", () => {
  expect([0, 1, 8, 9, 64, 65, 128, 129, 512].map((length) => paddedLength(length, 8))).toEqual([
    8, 8, 8, 16, 64, 80, 128, 160, 512,
  ]);
});

it("refuses a size that is no whole number above 0", () => {
  expect(() => bucketBatches([1], { batchSize: 0 })).toThrow(
    "text.bucketBatches: batchSize is 0. Wanted a whole number above 0.",
  );
  expect(() => bucketBatches([1], { batchTokens: 0.5 })).toThrow("text.bucketBatches: batchTokens is 0.5.");
});
