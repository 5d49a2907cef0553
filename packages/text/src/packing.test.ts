import { streams } from "@kgraft/runtime";
import fc from "fast-check";
import { expect, it } from "vitest";
import { packedArrays, packSequences } from "./index.ts";

const draw = (epoch: number) => streams(3).at("packing", epoch);

it("holds every sequence once, side by side within its row", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 120 });
  fc.assert(
    fc.property(lengths, fc.boolean(), (some, shuffled) => {
      const rows = packSequences(some, { rowLength: 40, draw: shuffled ? draw(0) : undefined });
      const kept = [...some.keys()].filter((i) => some[i] !== 0);
      expect(rows.flatMap((row) => row.map(({ index }) => index)).sort((a, b) => a - b)).toEqual(kept);
      for (const row of rows) {
        let end = 0;
        for (const { index, start, length } of row) {
          expect([start, length]).toEqual([end, some[index]]);
          end += length;
        }
        expect(end).toBeLessThanOrEqual(40);
      }
    }),
    { seed: 4 },
  );
});

it("leaves little room: no two rows could be one, and real lengths fill more than 99 %", () => {
  const lengths = Array.from({ length: 3000 }, (_, i) => 4 + ((i * 7919) % 97));
  const rows = packSequences(lengths, { rowLength: 128 });
  const filled = rows.map((row) => row.reduce((sum, { length }) => sum + length, 0));
  const [least = 0, next = 0] = filled.toSorted((a, b) => a - b);
  expect(least + next).toBeGreaterThan(128);
  expect(lengths.reduce((sum, length) => sum + length, 0) / (128 * rows.length)).toBeGreaterThan(0.99);
});

it("depends on the lengths and the epoch's stream alone", () => {
  const lengths = Array.from({ length: 200 }, (_, i) => 4 + (i % 30));
  const packed = (epoch: number) => packSequences(lengths, { rowLength: 64, draw: draw(epoch) });
  expect(packed(1)).toEqual(packed(1));
  expect(packed(1)).not.toEqual(packed(2));
});

it("lays rows out with restarted positions and a number for each sequence", () => {
  const encodings = [
    { ids: Int32Array.of(5, 6, 7), typeIds: Int32Array.of(0, 0, 1) },
    { ids: Int32Array.of(8, 9), typeIds: Int32Array.of(0, 0) },
    { ids: Int32Array.of(4), typeIds: Int32Array.of(0) },
  ];
  const rows = packSequences([3, 2, 1], { rowLength: 5 });
  expect(packedArrays(rows, encodings, { rowLength: 5, padId: 1, firstPosition: 2 })).toEqual({
    ids: Int32Array.of(5, 6, 7, 8, 9, 4, 1, 1, 1, 1),
    typeIds: Int32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    positionIds: Int32Array.of(2, 3, 4, 2, 3, 2, 2, 2, 2, 2),
    segments: Int32Array.of(1, 1, 1, 2, 2, 1, 0, 0, 0, 0),
  });
});

it("refuses a sequence that no row holds", () => {
  expect(() => packSequences([3, 9], { rowLength: 8 })).toThrow(
    "text.packSequences: sequence 1 has 9 pieces, a row 8. Wanted sequences that fit into a row.",
  );
});
